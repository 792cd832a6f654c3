// Imports modules of other origins. WebKit refuses those in scripts of WebDriver, and in what they import.
globalThis.importFrom = (url) => import(url);
