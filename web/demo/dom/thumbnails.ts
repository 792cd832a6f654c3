// Small pictures of examples. They are stored as JPEG files and painted on canvases, because the page's
// Content-Security-Policy allows no image from a blob: or data: address.

const sideLength = 96;
/** Maximum number of decoded thumbnails in memory. Each takes 36 kB. */
const maxDecoded = 240;

/** The picture that a thumbnail shows, and the part of it that the network sees. */
export interface ThumbnailSource {
  image: HTMLVideoElement | HTMLCanvasElement | ImageBitmap;
  /** True to flip the thumbnail left to right, as the camera preview is. */
  mirrored: boolean;
  /** How the network makes a square of the picture. */
  crop: 'center' | 'squash';
}

const canvas = document.createElement('canvas');
canvas.width = canvas.height = sideLength;

/** Draws the part that the network sees. Every call returns the same canvas. */
export function drawThumbnail({ image, mirrored, crop }: ThumbnailSource): HTMLCanvasElement {
  const context = canvas.getContext('2d')!;
  const { width, height } = sizeOf(image);
  const w = crop === 'squash' ? width : Math.min(width, height);
  const h = crop === 'squash' ? height : w;
  context.imageSmoothingQuality = 'high';
  context.setTransform(mirrored ? -1 : 1, 0, 0, 1, mirrored ? sideLength : 0, 0);
  // The network sees transparent pixels over white too.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, sideLength, sideLength);
  context.drawImage(image, (width - w) / 2, (height - h) / 2, w, h, 0, 0, sideLength, sideLength);
  return canvas;
}

/** Encodes what the canvas shows at the time of the call. Returns undefined when the browser cannot encode it. */
export async function encodeThumbnail(canvas: HTMLCanvasElement): Promise<Uint8Array | undefined> {
  const file = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.8));
  return file ? new Uint8Array(await file.arrayBuffer()) : undefined;
}

const decoded = new Map<Uint8Array, Promise<ImageBitmap | null>>();

function decode(file: Uint8Array): Promise<ImageBitmap | null> {
  const bitmap = decoded.get(file) ?? createImageBitmap(new Blob([file as Uint8Array<ArrayBuffer>])).catch(() => null);
  // The map keeps its order: moving this entry to the end leaves the least recently used one at the beginning.
  decoded.delete(file);
  decoded.set(file, bitmap);
  const [oldest] = decoded.keys();
  // The bitmap is not closed here, because a caller may be about to draw it.
  if (decoded.size > maxDecoded && oldest) decoded.delete(oldest);
  return bitmap;
}

/** The thumbnail that each canvas was last asked to show. */
const requested = new WeakMap<HTMLCanvasElement, Uint8Array | undefined>();

/** Paints a thumbnail over a whole canvas, or clears the canvas for undefined. The last call for a canvas wins. */
export async function paintThumbnail(canvas: HTMLCanvasElement, file: Uint8Array | undefined): Promise<void> {
  if (file && requested.get(canvas) === file) return;
  requested.set(canvas, file);
  const bitmap = file ? await decode(file) : null;
  if (requested.get(canvas) !== file) return;
  canvas.width = canvas.height = sideLength;
  canvas.toggleAttribute('data-blank', !bitmap);
  if (bitmap) canvas.getContext('2d')?.drawImage(bitmap, 0, 0, sideLength, sideLength);
}

/** Decodes thumbnails and returns them in the same order. An entry is null when there is no thumbnail or it is damaged. */
export async function decodeThumbnails(files: readonly (Uint8Array | undefined)[]): Promise<(ImageBitmap | null)[]> {
  return Promise.all(files.map((file) => (file ? decode(file) : null)));
}

function sizeOf(image: ThumbnailSource['image']): { width: number; height: number } {
  return image instanceof HTMLVideoElement ? { width: image.videoWidth, height: image.videoHeight } : image;
}
