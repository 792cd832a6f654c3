// Reads the sounds and pictures that the visitor chooses. Errors are plain sentences for the visitor.

import { texts } from '../texts/texts.js';
import { maxPictureBytes, maxSoundBytes, maxSoundSeconds, type OwnFile, pictureTypes } from './output.js';
import type { SoundPlayer } from './sound.js';

/** Longest side of a still picture, in pixels. Larger ones are made smaller. */
const maxSide = 1280;
const quality = 0.85;

/** Reads a sound, after it has been decoded once. */
export async function readSound(file: File, player: SoundPlayer): Promise<OwnFile> {
  if (file.size > maxSoundBytes)
    throw new Error(texts.outputs.soundTooBig(file.name, megabytes(file.size), megabytes(maxSoundBytes)));
  const data = await bytesOf(file);
  const { duration } = await player.decode({ data }).catch((cause) => {
    throw new Error(texts.outputs.badSound(file.name), { cause });
  });
  if (duration > maxSoundSeconds)
    throw new Error(texts.outputs.soundTooLong(file.name, Math.round(duration), maxSoundSeconds));
  // Recorders write sounds into files of a video type, too.
  const type = file.type.startsWith('audio/') ? file.type : 'audio/*';
  return { name: file.name, type, data };
}

/** Reads a picture or an animation. Still pictures are made smaller when they are large. */
export async function readPicture(file: File): Promise<OwnFile> {
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch((cause) => {
    throw new Error(texts.outputs.badPicture(file.name), { cause });
  });
  try {
    const isStill = ['image/jpeg', 'image/png'].includes(file.type) || !pictureTypes.includes(file.type);
    const isSmall = Math.max(bitmap.width, bitmap.height) <= maxSide && file.size <= maxPictureBytes;
    const result =
      isStill && !(isSmall && pictureTypes.includes(file.type)) ? await shrink(bitmap, file.type) : (file as Blob);
    if (result.size > maxPictureBytes)
      throw new Error(texts.outputs.pictureTooBig(file.name, megabytes(result.size), megabytes(maxPictureBytes)));
    return { name: file.name, type: result.type, data: await bytesOf(result) };
  } finally {
    bitmap.close();
  }
}

async function shrink(bitmap: ImageBitmap, type: string): Promise<Blob> {
  const scale = Math.min(1, maxSide / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const newType = type === 'image/jpeg' ? type : 'image/png';
  return new Promise((resolve, reject) =>
    canvas.toBlob((file) => (file ? resolve(file) : reject(new Error(texts.outputs.badPicture('')))), newType, quality),
  );
}

async function bytesOf(file: Blob): Promise<Uint8Array> {
  return new Uint8Array(
    await file.arrayBuffer().catch((cause) => {
      throw new Error(texts.outputs.unreadable, { cause });
    }),
  );
}

/** Formats a size, for example '1.5 MB'. */
function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })} MB`;
}
