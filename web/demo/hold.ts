// Press and hold, by pointer, by Space or Enter on the focused button, by a key of its own, or by a plain click of
// assistive technology.

export interface Hold {
  onPress(): void;
  onRelease(): void;
}

/** `signal` ends it, when the button goes. */
export function listenForHold(
  button: HTMLElement,
  key: string,
  { onPress, onRelease }: Hold,
  signal: AbortSignal,
): void {
  /** What holds the button down at the moment: several can at once. */
  const holders = new Set<string>();

  function press(holder: string): void {
    holders.add(holder);
    if (holders.size === 1) onPress();
  }

  function release(holder: string): void {
    if (holders.delete(holder) && holders.size === 0) onRelease();
  }

  function releaseAll(): void {
    for (const holder of [...holders]) release(holder);
  }

  button.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    // The finger or mouse may leave the button while it holds.
    button.setPointerCapture(event.pointerId);
    press('pointer');
  });
  for (const type of ['pointerup', 'pointercancel', 'lostpointercapture'])
    button.addEventListener(type, () => release('pointer'));
  // A long press would open a menu on phones.
  button.addEventListener('contextmenu', (event) => event.preventDefault());

  button.addEventListener('keydown', (event) => {
    if (!isTrigger(event)) return;
    event.preventDefault();
    if (!event.repeat) press('trigger');
  });
  button.addEventListener('keyup', (event) => {
    if (!isTrigger(event)) return;
    event.preventDefault();
    release('trigger');
  });
  button.addEventListener('blur', () => release('trigger'));
  button.addEventListener('click', (event) => {
    // Pointer and keys have been dealt with above; what is left has no press and no release of its own.
    if (event.detail !== 0) return;
    press('click');
    release('click');
  });

  document.addEventListener(
    'keydown',
    (event) => {
      if (
        event.key !== key ||
        event.repeat ||
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        isElsewhere(event.target)
      )
        return;
      press('key');
    },
    { signal },
  );
  document.addEventListener(
    'keyup',
    (event) => {
      if (event.key === key) release('key');
    },
    { signal },
  );
  // Whoever leaves the page lets go: no release event will come.
  window.addEventListener('blur', releaseAll, { signal });
  document.addEventListener(
    'visibilitychange',
    () => {
      if (document.hidden) releaseAll();
    },
    { signal },
  );
  signal.addEventListener('abort', releaseAll);
}

function isTrigger(event: KeyboardEvent): boolean {
  return event.key === ' ' || event.key === 'Enter';
}

/** Whether somebody types, or answers a question. */
function isElsewhere(target: EventTarget | null): boolean {
  return isTyping(target) || document.querySelector('dialog[open]') !== null;
}

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && target.type === 'text';
}
