// Names of the platform's types that the package's declarations use, for projects whose "lib" has neither DOM nor WebWorker. In other
// projects, these empty interfaces add nothing to those of the library.
// biome-ignore-all lint/suspicious/noEmptyInterface: only interfaces merge with those of the library.
// biome-ignore-all lint/suspicious/noExplicitAny: merged interfaces must have the same parameters.

interface AbortSignal {}
interface Blob {}
interface Event {}
interface HTMLCanvasElement {}
interface HTMLImageElement {}
interface HTMLVideoElement {}
interface ImageBitmap {}
interface ImageData {}
interface MediaTrackSettings {}
interface MessagePort {}
interface OffscreenCanvas {}
interface ReadableStream<R = any> {}
interface URL {}
interface VideoFrame {}
interface Worker {}
declare namespace WebAssembly {
  interface Instance {}
  interface Memory {}
  interface Module {}
}
