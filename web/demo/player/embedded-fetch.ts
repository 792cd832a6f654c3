// The build puts this in place of every fetch() in the player's script.

export { fetch } from './embedded.js';
