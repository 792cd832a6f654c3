// The link to the page that embeds this one in an <iframe>. What the camera shows is private. Therefore another origin gets events
// only when the visitor allows it, or when the host of this page has named it in index.html:
//
//   <meta name="teachable-machine-parents" content="https://a.example https://b.example" />

import { type EventType, eventName, eventTypes, eventVersion, type PageEvent } from './events.js';

/** Functions and data that the link needs. */
export interface LinkParts {
  /** Origin of this page, which needs no permission. */
  ownOrigin: string;
  /** Origins that the host of this page allows. */
  allowed: readonly string[];
  /** Asks the visitor whether an origin may get events. */
  ask(origin: string): Promise<boolean>;
  /** Sends a message to the parent, if it is of this origin. */
  post(message: object, origin: string): void;
}

/** Answers the requests of the parent, and sends it the events that it asked for. */
export class ParentLink {
  readonly #parts: LinkParts;
  readonly #answers = new Map<string, Promise<boolean>>();
  #origin: string | null = null;
  #types: ReadonlySet<EventType> = new Set();
  /** Counts the requests: an answer of the visitor to an older one has no effect. */
  #turn = 0;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    parts.post(message('hello'), '*');
  }

  /** Handles a message of the parent. Messages for others are ignored. */
  async receive(data: unknown, origin: string): Promise<void> {
    const { source, version, type, events } = Object(data) as Record<string, unknown>;
    if (source !== eventName || (type !== 'subscribe' && type !== 'unsubscribe')) return;
    // The origin of local files and sandboxed frames is "null". A message can't be addressed to it.
    if (!/^https?:/.test(origin)) return;
    if (version !== eventVersion) return this.#refuse('version', origin);
    if (type === 'unsubscribe') return this.#unsubscribe(origin);
    await this.subscribe(origin, typesIn(events));
  }

  /** Sends these types of events from now on, if the origin may get them. */
  async subscribe(origin: string, types: readonly EventType[]): Promise<void> {
    const turn = ++this.#turn;
    const isAllowed = await this.#mayHear(origin);
    if (turn !== this.#turn) return;
    if (!isAllowed) return this.#refuse('visitor', origin);
    this.#origin = origin;
    this.#types = new Set(types);
    this.#parts.post({ ...message('subscribed'), events: types }, origin);
  }

  /** Sends an event, if the parent has asked for its type. */
  send(event: PageEvent): void {
    if (this.#origin !== null && this.#types.has(event.type)) this.#parts.post(event, this.#origin);
  }

  #unsubscribe(origin: string): void {
    this.#turn++;
    this.#origin = null;
    this.#parts.post(message('unsubscribed'), origin);
  }

  #refuse(reason: 'version' | 'visitor', origin: string): void {
    this.#parts.post({ ...message('refused'), reason }, origin);
  }

  async #mayHear(origin: string): Promise<boolean> {
    const { ownOrigin, allowed, ask } = this.#parts;
    if (origin === ownOrigin || allowed.includes(origin)) return true;
    // The visitor is asked once for each origin, until the page is closed.
    let answer = this.#answers.get(origin);
    if (!answer) {
      answer = ask(origin);
      this.#answers.set(origin, answer);
    }
    return answer;
  }
}

/**
 * Returns the origin to which the page's address asks to send events, or null for none: `?events` means this page's own origin, and
 * `?events=https://a.example` another one.
 */
export function originInAddress(search: string, ownOrigin: string): string | null {
  const value = new URLSearchParams(search).get('events');
  if (value === null) return null;
  if (value === '') return ownOrigin;
  try {
    const { origin } = new URL(value);
    return /^https?:/.test(origin) ? origin : null;
  } catch {
    return null;
  }
}

/** Connects this page to its parent. It must have one. */
export function connectToParent(ask: (origin: string) => Promise<boolean>): ParentLink {
  const { parent, location } = window;
  const meta = document.querySelector<HTMLMetaElement>('meta[name=teachable-machine-parents]');
  const link = new ParentLink({
    ownOrigin: location.origin,
    allowed: meta?.content.split(/\s+/).filter(Boolean) ?? [],
    ask,
    post: (message, origin) => parent.postMessage(message, origin),
  });
  window.addEventListener('message', ({ source, data, origin }) => {
    if (source === parent) void link.receive(data, origin);
  });
  const wanted = originInAddress(location.search, location.origin);
  if (wanted !== null) void link.subscribe(wanted, eventTypes);
  return link;
}

function message(type: string): object {
  return { source: eventName, version: eventVersion, type };
}

/** Returns the known types that a request names. Without any, it is about starts and stops. */
function typesIn(events: unknown): EventType[] {
  const known = Array.isArray(events) ? eventTypes.filter((type) => events.includes(type)) : [];
  return known.length > 0 ? known : ['start', 'stop'];
}
