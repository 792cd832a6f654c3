// The choice of the network, in the settings. Another network has other embeddings, so the page starts again with it.

import { byId } from '../dom/elements.js';
import { listenForChoice } from '../dom/file-input.js';
import { loadAt } from '../dom/load-at.js';
import { type ListedNetwork, type NetworkChoice, readNetworkFiles } from '../network/choice.js';
import { readChoice, storeChoice } from '../network/store.js';
import { texts } from '../texts/texts.js';
import { errorSentence } from './error-text.js';

const packaged = '';
const ownFile = 'file:';

/** Shows which network is used, and lets the visitor choose another one. */
export class NetworkChoicePanel {
  readonly #list = byId<HTMLSelectElement>('network-list');
  readonly #onLeave: () => Promise<unknown>;
  #isFilled = false;

  /** `onLeave` is awaited before the page is loaded again. */
  constructor(onLeave: () => Promise<unknown>) {
    this.#onLeave = onLeave;
    byId('settings').addEventListener('toggle', () => void this.#fill());
    this.#list.addEventListener('change', () => void this.#chooseListed());
    listenForChoice(byId('network-file'), (files) => void this.#chooseFiles(files));
    byId('network-link').addEventListener('change', (event) => this.#explainLink(event.target as HTMLInputElement));
  }

  async #fill(): Promise<void> {
    if (this.#isFilled) return;
    this.#isFilled = true;
    const current = await readChoice();
    this.#list.replaceChildren(new Option(texts.network.packaged, packaged));
    for (const { id, title, byteLength } of await listedNetworks())
      this.#list.append(new Option(`${title} (${(byteLength / 1e6).toFixed(1)} MB)`, id));
    if (current?.kind === 'file') this.#list.append(new Option(texts.network.yourFile(current.name), ownFile));
    this.#list.value = current ? (current.kind === 'file' ? ownFile : current.id) : packaged;
  }

  async #chooseListed(): Promise<void> {
    const { value } = this.#list;
    if (value === ownFile) return;
    await this.#use(value === packaged ? null : { kind: 'listed', id: value });
  }

  async #chooseFiles(files: File[]): Promise<void> {
    try {
      await this.#use(await readNetworkFiles(files, texts.network.weightsMissing));
    } catch (error) {
      this.#tell(errorSentence(error));
    }
  }

  async #use(choice: NetworkChoice | null): Promise<void> {
    try {
      await storeChoice(choice);
    } catch {
      return this.#tell(texts.network.notStored);
    }
    this.#tell(texts.network.startsAgain);
    await this.#onLeave();
    const address = new URL(location.href);
    // A network in the address would win over the choice.
    address.searchParams.delete('model');
    loadAt(address);
  }

  /** This page asks no other site for anything, so a link can't be loaded from here. */
  #explainLink(input: HTMLInputElement): void {
    const text = input.value.trim();
    if (text === '') return this.#tell('');
    let address: URL;
    try {
      address = new URL(text, location.href);
    } catch {
      return this.#tell(texts.network.notALink);
    }
    if (address.origin !== location.origin) return this.#tell(texts.network.otherSite);
    const page = new URL(location.href);
    page.searchParams.set('model', address.href);
    void this.#onLeave().then(() => location.assign(page));
  }

  #tell(text: string): void {
    byId('network-choice-text').textContent = text;
  }
}

/** Returns the networks that come with the page; none when their list can't be read. */
async function listedNetworks(): Promise<ListedNetwork[]> {
  try {
    const response = await fetch('./networks.json');
    return response.ok ? ((await response.json()) as ListedNetwork[]) : [];
  } catch {
    return [];
  }
}
