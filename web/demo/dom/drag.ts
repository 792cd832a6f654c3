// Drags by mouse, pen and finger. A finger that scrolls is no drag: where the page scrolls, a finger must rest a moment first.

/** Callbacks of one drag. Positions are in CSS pixels of the window. */
export interface Drag {
  onStart?(): void;
  /** `dx` and `dy`: the way since the last call. */
  onMove(x: number, y: number, dx: number, dy: number): void;
  /** Called once. `dropped` is false when the drag was cancelled. */
  onEnd(x: number, y: number, dropped: boolean): void;
}

/** Distance in pixels from which a press is a drag and no click. */
const minDistance = 6;
/** A finger that rests so long picks up what is below it. */
const restMs = 350;
/** Near the edges of the window, the page scrolls during a drag. */
const scrollEdge = 60;
const scrollStep = 10;

/**
 * Listens for drags that begin inside of `root`.
 * @param begin Returns what the drag does, or undefined when nothing can be dragged there.
 * @param afterRest True where a finger also scrolls.
 */
export function listenForDrag(
  root: HTMLElement,
  begin: (event: PointerEvent) => Drag | undefined,
  { afterRest = false, scrolls = false }: { afterRest?: boolean; scrolls?: boolean } = {},
): void {
  root.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    const drag = begin(event);
    if (drag) follow(event, drag, afterRest && event.pointerType === 'touch', scrolls);
  });
}

function follow(first: PointerEvent, drag: Drag, afterRest: boolean, scrolls: boolean): void {
  const ended = new AbortController();
  const { signal } = ended;
  let isDragging = false;
  let [x, y] = [first.clientX, first.clientY];
  const timer = afterRest ? setTimeout(start, restMs) : 0;

  function start(): void {
    isDragging = true;
    drag.onStart?.();
    if (scrolls) requestAnimationFrame(scroll);
  }

  function scroll(): void {
    if (signal.aborted) return;
    if (y < scrollEdge) window.scrollBy(0, -scrollStep);
    else if (y > innerHeight - scrollEdge) window.scrollBy(0, scrollStep);
    requestAnimationFrame(scroll);
  }

  function end(dropped: boolean): void {
    clearTimeout(timer);
    ended.abort();
    if (!isDragging) return;
    swallowClick();
    drag.onEnd(x, y, dropped);
  }

  const isSame = (event: PointerEvent) => event.pointerId === first.pointerId;
  const move = (event: PointerEvent) => {
    if (!isSame(event)) return;
    const isFar = Math.hypot(event.clientX - first.clientX, event.clientY - first.clientY) >= minDistance;
    if (!isDragging && !isFar) return;
    if (!isDragging && afterRest) return end(false);
    if (!isDragging) start();
    const [dx, dy] = [event.clientX - x, event.clientY - y];
    [x, y] = [event.clientX, event.clientY];
    drag.onMove(x, y, dx, dy);
  };
  window.addEventListener('pointermove', move, { signal });
  window.addEventListener('pointerup', (event) => isSame(event) && end(true), { signal });
  window.addEventListener('pointercancel', (event) => isSame(event) && end(false), { signal });
  window.addEventListener('blur', () => end(false), { signal });
  window.addEventListener('keydown', (event) => event.key === 'Escape' && end(false), { signal });
  // Without these, a finger would scroll the page or open a menu, and a mouse would select text.
  window.addEventListener('touchmove', (event) => isDragging && event.preventDefault(), { signal, passive: false });
  window.addEventListener('contextmenu', (event) => event.preventDefault(), { signal });
  window.addEventListener('selectstart', (event) => event.preventDefault(), { signal });
  window.addEventListener('dragstart', (event) => event.preventDefault(), { signal });
}

/** Drops the click that follows the end of a drag. */
function swallowClick(): void {
  const swallow = (event: Event) => {
    event.stopPropagation();
    event.preventDefault();
  };
  window.addEventListener('click', swallow, { capture: true, once: true });
  // It comes in the same task as the end, or not at all.
  setTimeout(() => window.removeEventListener('click', swallow, { capture: true }));
}
