export default {
  // While developing, Vite would otherwise copy the package's script away from its worker, modules and model.
  optimizeDeps: { exclude: ['teachable-wasm'] },
};
