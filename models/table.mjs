// Makes the table of README.md from the catalogue.

function sourceText(source) {
  if (source.kind === 'folder') return 'folder';
  if (source.kind === 'npm') return `npm \`${source.package}\` ${source.version}`;
  if (source.kind === 'converted') return `conversion of \`${source.model}\``;
  return new URL(source.url).host;
}

/** Returns whether this project has run the files, and what is checked when they are fetched. */
function checkedText(model) {
  if (model.files.every((file) => file.sha256)) return 'verified here: file';
  return `as published: ${model.sources.some((source) => source.kind === 'archive' && source.sha256) ? 'archive' : 'no checksum'}`;
}

const millions = (count) => (count / 1e6).toFixed(count < 10e6 ? 2 : 0);

/** Returns a Markdown table with a row for each model. `frames`: the times in measured.json. */
export function toTable(catalog, { frames }) {
  const rows = catalog.models.map((model) => [
    `\`${model.id}\``,
    model.format,
    `${model.input.width}×${model.input.height} ${model.input.type}`,
    model.files.every((file) => file.byteLength)
      ? `${(model.files.reduce((sum, file) => sum + file.byteLength, 0) / 1e6).toFixed(1)} MB`
      : '–',
    model.published ? millions(model.published.parameters) : '–',
    model.published ? millions(model.published.multiplyAdds) : '–',
    model.published ? `[${model.published.top1.toFixed(1)}](${model.published.source})` : '–',
    model.id in frames ? `${frames[model.id].simd} / ${frames[model.id].relaxed}` : '–',
    model.embeddingSize,
    model.classCount || '–',
    `[${model.licence.spdx}](${model.licence.home})`,
    model.sources.map(sourceText).join(', '),
    checkedText(model),
  ]);
  const head = [
    'Model',
    'Format',
    'Input',
    'Size',
    'Parameters, M',
    'Multiply-adds, M',
    'Top-1, %',
    'Frame, ms',
    'Embedding',
    'Classes',
    'Licence',
    'Sources',
    'Checked',
  ];
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
