const { cpSync } = require('node:fs');

// Parcel removes the exports of a script that is named by its address, so the modules are copied as they are.
cpSync('node_modules/teachable-wasm/web/dist/wasm', 'dist/wasm', { recursive: true });
