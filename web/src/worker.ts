// Entry of the worker: a module, a port.

import { makeHost } from './host.js';
import { loadModule } from './load.js';
import type { ClassifierMethods, Progress } from './protocol.js';
import { serve } from './rpc.js';

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
serve<ClassifierMethods, Progress>(scope, makeHost(loadModule, () => scope.close()));
