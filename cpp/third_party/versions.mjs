// Versions of everything that the toolchain consists of. apt checks the signature of Debian's archive. The checksums and
// versions here make everybody build from the same sources, also after Debian has moved on.

/** The Emscripten that this project is tested with: the one that the set-up unpacks, and the only emsdk without a warning. */
export const testedEmscripten = '3.1.69';

/** Packages of the machine's own Debian that building, formatting and linting need. */
export const buildPackages = [
  'ccache',
  'clang-19',
  'clang-format-19',
  'clang-tidy-19',
  'cmake',
  'flatbuffers-compiler',
  'googletest',
  'libclang-rt-19-dev',
  'libcpuinfo-dev',
  'libflatbuffers-dev',
  'lld-19',
  'llvm-19',
  'ninja-build',
  'nlohmann-json3-dev',
  'python3',
  'xz-utils',
];
/** Packages that only the browser tests need. */
export const browserPackages = [
  'chromium',
  'dbus-daemon',
  'ffmpeg',
  'firefox-esr',
  // WebKit, Safari's engine. Its browser needs a display and a session bus.
  'webkit2gtk-driver',
  'xvfb',
];

/**
 * Debian suite of the packages and sources that Debian 12 lacks or has in an older version only. They are unpacked
 * beside the project and not installed.
 */
export const suite = 'trixie';

export const emscripten = { emscripten: testedEmscripten, binaryen: '120' };

/** Debian 12's own stb_image reads beyond the end of damaged JPEG files. */
export const stb = { package: 'libstb-dev', version: '0.0~git20241109.5c20573' };

/** SHA-256 of each source package's upstream tar file. */
export const sources = {
  xnnpack: '90bde2caef0f880f627bab0dc805a86c4b8070cd98e3243db3046ab3f3be1a99',
  pthreadpool: '4cc3cbd933b28131d2a34edc54f76af9fb41bc490af5eae1a5bd3cd07ea90708',
  fxdiv: '7953482badaf4cb34026c3487c257b8e4ab2df061c019bd6fabbbc12ad52c44b',
  fp16: '7d7782b37b74136e0e12593a2a93ccbe7db831f4374cc408e44623d9b708b54e',
  benchmark: '32131c08ee31eeff2c8968d7e874f3cb648034377dfc32a4c377fa8796d84981',
};
