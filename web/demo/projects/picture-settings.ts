// The setting "Keep full pictures", with the sizes of the pictures and of everything that is stored.

import type { Dataset } from '../dataset/dataset.js';
import { build } from '../dom/build.js';
import type { DrawerContent } from '../dom/drawer.js';
import type { ProjectState } from '../project/project.js';
import { language, texts } from '../texts/texts.js';

/** Usual sizes of a picture of a camera, in bytes. */
const smallBytes = 11_000;
const fullBytes = 50_000;

/** Adds the setting to the drawer of the settings. */
export function addPictureSettings(root: HTMLElement, project: ProjectState, dataset: Dataset): DrawerContent {
  const words = texts.projects;
  const box = build('input', {
    type: 'checkbox',
    id: 'keep-full-pictures',
    'data-testid': 'keep-full-pictures',
    'aria-describedby': 'keep-full-hint',
    on: { change: () => project.changeSettings({ keepFullPictures: box.checked }) },
  });
  const sizes = build('p', { class: 'hint picture-sizes', 'data-testid': 'picture-sizes' });
  const hint = build('p', { class: 'hint', id: 'keep-full-hint' });
  hint.textContent = words.keepFullHint(sizeText(smallBytes), sizeText(fullBytes));
  root.append(
    build(
      'div',
      { class: 'setting picture-setting' },
      build('label', { class: 'checkbox', for: 'keep-full-pictures' }, box, words.keepFull),
      hint,
      sizes,
    ),
  );
  const show = () => (box.checked = project.settings.keepFullPictures);
  project.onChange(show);
  show();
  return {
    async opened() {
      const { count, bytes } = pictureSizes(dataset);
      const lines = [words.pictureSize(count, sizeText(bytes))];
      sizes.textContent = lines.join(' ');
      // Some browsers tell nothing in private windows.
      const { usage, quota } = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};
      if (usage !== undefined && quota) lines.push(words.storage(sizeText(usage), sizeText(quota)));
      sizes.textContent = lines.join(' ');
    },
  };
}

/** Returns number and size of all pictures, in bytes. */
export function pictureSizes(dataset: Pick<Dataset, 'classes' | 'thumbnail'>): { count: number; bytes: number } {
  const pictures = dataset.classes.flatMap(({ ids }) => ids.map((id) => dataset.thumbnail(id)?.byteLength ?? 0));
  const kept = pictures.filter((size) => size > 0);
  return { count: kept.length, bytes: kept.reduce((sum, size) => sum + size, 0) };
}

/** Formats a size, for example '12 kB' or '3.4 MB'. */
function sizeText(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  const maximumFractionDigits = value < 10 && unit > 1 ? 1 : 0;
  return new Intl.NumberFormat(language, { style: 'unit', unit: units[unit]!, maximumFractionDigits }).format(value);
}
