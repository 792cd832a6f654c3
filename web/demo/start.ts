// The first code of the page: begins to load the engine and shows the texts. The rest of the page comes meanwhile.

import { startLoading } from './app/load-engine.js';
import { startHosting } from './hosting/start.js';
import { fillTexts } from './texts/fill.js';
import { language, loadTexts } from './texts/texts.js';

const connectHosting = startHosting();
const firstLoad = startLoading();
const rest = import('./main.js');
await loadTexts();
document.documentElement.lang = language;
fillTexts(document);
for (const template of document.querySelectorAll('template')) fillTexts(template.content);
const { startPage } = await rest;
startPage(firstLoad, connectHosting);
