// Loaded by a script element of the page, see page-calls.mjs. Makes the functions that run in the page reachable from there.

import { dotProduct } from './dot-product.mjs';
import * as fresh from './fresh.mjs';
import * as warm from './measure.mjs';

globalThis.rival = { ...fresh, ...warm, dotProduct };
