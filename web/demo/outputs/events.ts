// Events for makers. The page dispatches them on its window, and sends them to a page that embeds it; see the guide "Events from the page".

/** Name of the events on window, and sender of the messages. */
export const eventName = 'teachable-machine';

/** Version of the events. Within a version, fields are only added. */
export const eventVersion = 1;

/** Types of events. */
export const eventTypes = ['prediction', 'start', 'stop'] as const;

/** Type of an event. */
export type EventType = (typeof eventTypes)[number];

/** Kind of the event. */
export type Happening =
  | {
      type: 'prediction';
      /** The winner; null for "Unknown". */
      label: string | null;
      /** Confidence in the winner, 0-1. */
      confidence: number;
      /** Confidence in each class, 0-1. */
      confidences: Readonly<Record<string, number>>;
    }
  | { type: 'start'; label: string; confidence: number }
  | { type: 'stop'; label: string };

/** An event. */
export type PageEvent = Happening & {
  source: typeof eventName;
  version: typeof eventVersion;
  /** Milliseconds since the page was opened. */
  timeMs: number;
};

/** Makes an event and dispatches it on window. */
export function dispatch(happening: Happening): PageEvent {
  const detail: PageEvent = { source: eventName, version: eventVersion, timeMs: performance.now(), ...happening };
  window.dispatchEvent(new CustomEvent(eventName, { detail }));
  return detail;
}
