// Pictures of examples, and their small form on the page. They are stored as JPEG files and painted on canvases, because the page's
// Content-Security-Policy allows no image from a blob: or data: address.

/** Side of the pictures on the page, in pixels. */
const shownSide = 96;
/** Side of the pictures that are stored, in pixels. It is the input of most networks, so another network can be taught with them. */
const storedSide = 224;
/** Longest side of a full picture, in pixels. */
const maxFullSide = 640;
const quality = 0.85;
/** Maximum number of decoded thumbnails in memory. Each takes 36 kB. */
const maxDecoded = 240;

/** The picture that a thumbnail shows, and the part of it that the network sees. */
export interface ThumbnailSource {
  image: HTMLVideoElement | HTMLCanvasElement | ImageBitmap;
  /** True to show the thumbnail flipped left to right, as the camera preview is. It is stored as the network sees it. */
  mirrored: boolean;
  /** How the network makes a square of the picture. */
  crop: 'center' | 'squash';
}

/** A picture that waits to be encoded. */
export interface DrawnPicture {
  canvas: OffscreenCanvas;
  mirrored: boolean;
}

let keepsFullPictures = false;
let canvas: OffscreenCanvas | undefined;

/** Sets whether the next pictures are whole, or only what the network sees. */
export function keepFullPictures(isOn: boolean): void {
  keepsFullPictures = isOn;
}

/** Draws the part that the network sees, or the whole picture if full ones are kept. The next call draws over it. */
export function drawThumbnail({ image, mirrored, crop }: ThumbnailSource): DrawnPicture {
  const { width, height } = sizeOf(image);
  const isWhole = keepsFullPictures || crop === 'squash';
  const w = isWhole ? width : Math.min(width, height);
  const h = isWhole ? height : w;
  const scale = Math.min(1, maxFullSide / Math.max(width, height));
  const targetWidth = keepsFullPictures ? Math.max(1, Math.round(width * scale)) : storedSide;
  const targetHeight = keepsFullPictures ? Math.max(1, Math.round(height * scale)) : storedSide;
  canvas ??= new OffscreenCanvas(targetWidth, targetHeight);
  // Setting a size clears the canvas and takes time, also when it is the same.
  if (canvas.width !== targetWidth) canvas.width = targetWidth;
  if (canvas.height !== targetHeight) canvas.height = targetHeight;
  // Its pixels are read at once, so it is better kept in memory than on the graphics card.
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.imageSmoothingQuality = 'high';
  // The network sees transparent pixels over white too.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, targetWidth, targetHeight);
  context.drawImage(image, (width - w) / 2, (height - h) / 2, w, h, 0, 0, targetWidth, targetHeight);
  return { canvas, mirrored };
}

/** Encodes what was drawn last. Returns undefined when the browser cannot encode it. */
export async function encodeThumbnail({ canvas, mirrored }: DrawnPicture): Promise<Uint8Array | undefined> {
  const file = await canvas.convertToBlob({ type: 'image/jpeg', quality });
  return withMirrorMark(new Uint8Array(await file.arrayBuffer()), mirrored);
}

/** A JPEG comment, which other programs ignore. It says that the page shows the picture mirrored, as the camera was. */
const mirrorMark = Uint8Array.from([0xff, 0xfe, 0, 10, ...new TextEncoder().encode('mirrored')]);
/** A JPEG file begins with this many bytes before its first segment. */
const startBytes = 2;

function withMirrorMark(file: Uint8Array, mirrored: boolean): Uint8Array {
  if (!mirrored || file[0] !== 0xff || file[1] !== 0xd8) return file;
  const marked = new Uint8Array(file.length + mirrorMark.length);
  marked.set(file.subarray(0, startBytes));
  marked.set(mirrorMark, startBytes);
  marked.set(file.subarray(startBytes), startBytes + mirrorMark.length);
  return marked;
}

function isShownMirrored(file: Uint8Array): boolean {
  return mirrorMark.every((byte, index) => file[startBytes + index] === byte);
}

const decoded = new Map<Uint8Array, Promise<ImageBitmap | null>>();

function decode(file: Uint8Array): Promise<ImageBitmap | null> {
  const bitmap = decoded.get(file) ?? decodeSmall(file).catch(() => null);
  // The map keeps its order: moving this entry to the end leaves the least recently used one at the beginning.
  decoded.delete(file);
  decoded.set(file, bitmap);
  const [oldest] = decoded.keys();
  // The bitmap is not closed here, because a caller may be about to draw it.
  if (decoded.size > maxDecoded && oldest) decoded.delete(oldest);
  return bitmap;
}

/** Decodes the middle square of a picture in the size of the page. Full pictures would take a megabyte each. */
async function decodeSmall(file: Uint8Array): Promise<ImageBitmap> {
  const whole = await createImageBitmap(new Blob([file as Uint8Array<ArrayBuffer>]));
  const { width, height } = whole;
  const side = Math.min(width, height);
  const small = new OffscreenCanvas(shownSide, shownSide);
  const context = small.getContext('2d')!;
  context.imageSmoothingQuality = 'high';
  if (isShownMirrored(file)) context.setTransform(-1, 0, 0, 1, shownSide, 0);
  context.drawImage(whole, (width - side) / 2, (height - side) / 2, side, side, 0, 0, shownSide, shownSide);
  whole.close();
  return small.transferToImageBitmap();
}

/** The thumbnail that each canvas was last asked to show. */
const requested = new WeakMap<HTMLCanvasElement, Uint8Array | undefined>();

/** Paints a thumbnail over a whole canvas, or clears the canvas for undefined. The last call for a canvas wins. */
export async function paintThumbnail(canvas: HTMLCanvasElement, file: Uint8Array | undefined): Promise<void> {
  if (file && requested.get(canvas) === file) return;
  requested.set(canvas, file);
  const bitmap = file ? await decode(file) : null;
  if (requested.get(canvas) !== file) return;
  canvas.width = canvas.height = shownSide;
  canvas.toggleAttribute('data-blank', !bitmap);
  if (bitmap) canvas.getContext('2d')?.drawImage(bitmap, 0, 0, shownSide, shownSide);
}

/** Decodes thumbnails and returns them in the same order. An entry is null when there is no thumbnail or it is damaged. */
export async function decodeThumbnails(files: readonly (Uint8Array | undefined)[]): Promise<(ImageBitmap | null)[]> {
  return Promise.all(files.map((file) => (file ? decode(file) : null)));
}

function sizeOf(image: ThumbnailSource['image']): { width: number; height: number } {
  return image instanceof HTMLVideoElement ? { width: image.videoWidth, height: image.videoHeight } : image;
}
