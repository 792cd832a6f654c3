// The texts of the page: every language is complete, and index.html has no text of its own.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';

const { en, de, es, chosenLanguage, languages } = await importTs(
  '../demo/texts/en',
  '../demo/texts/de',
  '../demo/texts/es',
  '../demo/texts/texts',
);
const html = await readFile(new URL('../../../web/demo/index.html', import.meta.url), 'utf8');

/** Returns [path, value] of every text of a language. Functions are called with as many 3s as they take values. */
function entriesOf(texts, path = '') {
  return Object.entries(texts).flatMap(([name, value]) => {
    const here = path ? `${path}.${name}` : name;
    if (typeof value === 'object') return entriesOf(value, here);
    return [[here, typeof value === 'function' ? value(...Array(value.length).fill(3)) : value]];
  });
}

const english = new Map(entriesOf(en));

for (const [code, texts] of Object.entries({ de, es })) {
  test(`${languages[code]} has every text`, () => {
    const own = new Map(entriesOf(texts));
    assert.deepEqual([...own.keys()], [...english.keys()]);
    for (const [name, text] of own) {
      assert.equal(typeof text, 'string', name);
      assert.equal(text === '', english.get(name) === '', name);
      // A text with values that loses one of them would say less than the English one.
      assert.equal(text.includes('3'), english.get(name).includes('3'), name);
    }
  });
}

test('texts are not left in English by mistake', () => {
  // Short texts, such as names and units, may be the same word in two languages.
  for (const [code, texts] of Object.entries({ de, es })) {
    const same = entriesOf(texts).filter(([name, text]) => text.length > 24 && text === english.get(name));
    assert.deepEqual(same, [], code);
  }
});

test('index.html names only texts that exist, and has no text of its own', () => {
  const named = [...html.matchAll(/data-text(?:-label|-title)?="([^"]+)"/g)].map(([, name]) => name);
  assert.ok(named.length > 40);
  assert.deepEqual(
    named.filter((name) => !english.has(name)),
    [],
  );
  const body = html.slice(html.indexOf('<body>'));
  const own = body
    .replace(/<!--.*?-->|<noscript>.*?<\/noscript>|<kbd>.*?<\/kbd>/gs, '')
    .replace(/<[^>]+>/g, '\n')
    .split('\n')
    .filter((line) => /\p{Letter}/u.test(line));
  assert.deepEqual(own, []);
  assert.doesNotMatch(body, /\s(aria-label|title|placeholder|alt)="[^"]*\p{Letter}/u);
});

test('the visitor chooses the language, else the browser does', () => {
  assert.equal(chosenLanguage('es', ['de-AT', 'en']), 'es');
  assert.equal(chosenLanguage(null, ['fr', 'de-AT', 'en']), 'de');
  assert.equal(chosenLanguage('xx', ['fr']), 'en');
  assert.equal(chosenLanguage('constructor', []), 'en');
  assert.equal(chosenLanguage(null, ['ES']), 'es');
});
