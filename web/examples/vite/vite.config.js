export default {
  // Vite's development server would otherwise move the package's script away from its worker, modules and model.
  optimizeDeps: { exclude: ['teachable-wasm'] },
};
