// Goes into WebAssembly test programs: getenv sees what Node sees.
Module.preRun = () => Object.assign(ENV, process.env);
