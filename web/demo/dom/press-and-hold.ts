// Buttons that act while they are held: by pointer, by Space or Enter on the focused button, or by a key of their own.
// A plain click from assistive technology counts as one short press.

/** Callbacks of a button that can be held. */
export interface HoldEvents {
  /** Called when the button is pressed. */
  onPress(): void;
  /** Called when nothing holds the button any more. */
  onRelease(): void;
}

/** Listens until `signal` is aborted. `key` is the button's key on the whole page; '' means none. */
export function listenForHold(
  button: HTMLElement,
  key: string,
  { onPress, onRelease }: HoldEvents,
  signal: AbortSignal,
): void {
  /** Everything that holds the button down at the moment. A finger and a key can hold it at the same time. */
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
    // The pointer may leave the button while it holds.
    button.setPointerCapture(event.pointerId);
    press('pointer');
  });
  for (const type of ['pointerup', 'pointercancel', 'lostpointercapture'])
    button.addEventListener(type, () => release('pointer'));
  // On phones, a long press would open a menu.
  button.addEventListener('contextmenu', (event) => event.preventDefault());

  button.addEventListener('keydown', (event) => {
    if (!isButtonKey(event)) return;
    event.preventDefault();
    if (!event.repeat) press('button key');
  });
  button.addEventListener('keyup', (event) => {
    if (!isButtonKey(event)) return;
    event.preventDefault();
    release('button key');
  });
  button.addEventListener('blur', () => release('button key'));
  button.addEventListener('click', (event) => {
    // Clicks by pointer have a detail of 1 or more, and keys cause no click because of preventDefault().
    if (event.detail !== 0) return;
    press('click');
    release('click');
  });

  document.addEventListener(
    'keydown',
    (event) => {
      const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
      if (event.key !== key || event.repeat || hasModifier || keysAreTaken(event.target)) return;
      press('page key');
    },
    { signal },
  );
  document.addEventListener(
    'keyup',
    (event) => {
      if (event.key === key) release('page key');
    },
    { signal },
  );
  // No release event arrives after the window or tab has lost the focus.
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

function isButtonKey(event: KeyboardEvent): boolean {
  return event.key === ' ' || event.key === 'Enter';
}

/** Returns true while the visitor types, or while a dialog is open. */
function keysAreTaken(target: EventTarget | null): boolean {
  return isTextInput(target) || document.querySelector('dialog[open]') !== null;
}

/** Returns true for a text input, where keys mean letters. */
export function isTextInput(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && target.type === 'text';
}
