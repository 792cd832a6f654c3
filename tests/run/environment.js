// Linked into WebAssembly test programs, so that getenv() sees the environment of Node.
Module.preRun = () => Object.assign(ENV, process.env);
