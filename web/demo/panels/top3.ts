// The network's own three most probable classes, such as those of ImageNet.

import type { ClassScore } from 'teachable-wasm';
import { byId, resizeList, setText, within } from '../dom/elements.js';
import { percent } from '../dom/format.js';

/** Shows the classes, or hides the panel when there are none. */
export function showTop3(classes: readonly ClassScore[]): void {
  byId('top3-panel').hidden = classes.length === 0;
  const list = byId('top3');
  resizeList(list, classes.length, makeRow);
  classes.forEach(({ className, probability }, index) => {
    const row = list.children[index]!;
    within<HTMLElement>(row, '.fill').style.transform = `scaleX(${probability})`;
    setText(within(row, '.top3-name'), className);
    setText(within(row, '.top3-probability'), percent(probability));
  });
}

function makeRow(): HTMLLIElement {
  const row = document.createElement('li');
  for (const name of ['fill', 'top3-name', 'top3-probability']) {
    const span = document.createElement('span');
    span.className = name;
    row.append(span);
  }
  return row;
}
