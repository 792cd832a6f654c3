// Examples that are dragged from a gallery to another class.

import { listenForDrag } from '../dom/drag.js';

/** Calls `onDrop` when an example was dragged from its gallery to another card of `list`. */
export function listenForExampleDrag(list: HTMLElement, onDrop: (id: number, card: HTMLElement) => void): void {
  listenForDrag(
    list,
    (event) => {
      const example = (event.target as HTMLElement).closest<HTMLElement>('.example');
      const from = example?.closest('.card');
      if (!example || !from) return undefined;
      const id = Number(example.dataset['id']);
      const ghost = copyOf(example.querySelector('canvas')!);
      let target: HTMLElement | undefined;
      const aim = (next: HTMLElement | undefined) => {
        if (target) delete target.dataset['drop'];
        if (next) next.dataset['drop'] = '';
        target = next;
      };
      return {
        onStart() {
          document.body.append(ghost);
          example.dataset['dragging'] = '';
        },
        onMove(x, y) {
          ghost.style.translate = `${x}px ${y}px`;
          const card = document.elementFromPoint(x, y)?.closest<HTMLElement>('.card');
          aim(card && card !== from ? card : undefined);
        },
        onEnd(_x, _y, dropped) {
          const card = target;
          aim(undefined);
          ghost.remove();
          delete example.dataset['dragging'];
          if (dropped && card) onDrop(id, card);
        },
      };
    },
    { afterRest: true, scrolls: true },
  );
}

function copyOf(canvas: HTMLCanvasElement): HTMLCanvasElement {
  const ghost = document.createElement('canvas');
  ghost.className = 'drag-ghost';
  ghost.setAttribute('aria-hidden', 'true');
  ghost.width = canvas.width;
  ghost.height = canvas.height;
  ghost.getContext('2d')?.drawImage(canvas, 0, 0);
  return ghost;
}
