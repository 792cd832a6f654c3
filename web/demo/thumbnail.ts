// Small pictures of examples. They are kept as JPEG files, and painted on canvases: the page's policy lets no image in by an address.

const side = 96;
/** Decoded ones that are kept, of 36 kB each. */
const mostDecoded = 240;

export type Drawable = HTMLVideoElement | HTMLCanvasElement | ImageBitmap;

/** How what the network sees lies in the source. */
export interface View {
  /** Seen as in a mirror. */
  mirrored: boolean;
  crop: 'center' | 'squash';
}

const easel = document.createElement('canvas');
easel.width = easel.height = side;

/** Draws what the network sees of the source. The canvas is the same each time. */
export function drawThumbnail(source: Drawable, { mirrored, crop }: View): HTMLCanvasElement {
  const context = easel.getContext('2d')!;
  const { width, height } = sizeOf(source);
  const w = crop === 'squash' ? width : Math.min(width, height);
  const h = crop === 'squash' ? height : w;
  context.imageSmoothingQuality = 'high';
  context.setTransform(mirrored ? -1 : 1, 0, 0, 1, mirrored ? side : 0, 0);
  context.drawImage(source, (width - w) / 2, (height - h) / 2, w, h, 0, 0, side, side);
  return easel;
}

/** A picture file of what is on the canvas at this moment; undefined when the browser makes none. */
export async function encodeThumbnail(canvas: HTMLCanvasElement): Promise<Uint8Array | undefined> {
  const file = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.8));
  return file ? new Uint8Array(await file.arrayBuffer()) : undefined;
}

const decoded = new Map<Uint8Array, Promise<ImageBitmap | null>>();

function decode(file: Uint8Array): Promise<ImageBitmap | null> {
  const bitmap = decoded.get(file) ?? createImageBitmap(new Blob([file as Uint8Array<ArrayBuffer>])).catch(() => null);
  // The latest go last, so that the first is the one that was longest of no use.
  decoded.delete(file);
  decoded.set(file, bitmap);
  const [oldest] = decoded.keys();
  // Not closed: somebody may be about to draw it.
  if (decoded.size > mostDecoded && oldest) decoded.delete(oldest);
  return bitmap;
}

const wanted = new WeakMap<HTMLCanvasElement, Uint8Array | undefined>();

/** Paints a thumbnail over all of a canvas, or leaves that empty when there is none. The last call for a canvas counts. */
export async function paintThumbnail(canvas: HTMLCanvasElement, file: Uint8Array | undefined): Promise<void> {
  if (file && wanted.get(canvas) === file) return;
  wanted.set(canvas, file);
  const bitmap = file ? await decode(file) : null;
  if (wanted.get(canvas) !== file) return;
  canvas.width = canvas.height = side;
  canvas.toggleAttribute('data-blank', !bitmap);
  if (bitmap) canvas.getContext('2d')?.drawImage(bitmap, 0, 0, side, side);
}

/** Decoded thumbnails in order, null for those that there are none of. */
export async function decodeThumbnails(files: readonly (Uint8Array | undefined)[]): Promise<(ImageBitmap | null)[]> {
  return Promise.all(files.map((file) => (file ? decode(file) : null)));
}

function sizeOf(source: Drawable): { width: number; height: number } {
  return source instanceof HTMLVideoElement ? { width: source.videoWidth, height: source.videoHeight } : source;
}
