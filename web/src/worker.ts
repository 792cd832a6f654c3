// Entry of the worker: a module, a port.

import { makeHost } from './host.js';
import { loadModule } from './load.js';
import type { ClassifierMethods, Progress } from './protocol.js';
import { serve } from './rpc.js';

serve<ClassifierMethods, Progress>(globalThis as unknown as DedicatedWorkerGlobalScope, makeHost(loadModule));
