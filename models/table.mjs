// The catalogue as the table of README.md.

function sourceText(source) {
  if (source.kind === 'folder') return 'folder';
  if (source.kind === 'npm') return `npm \`${source.package}\` ${source.version}`;
  return new URL(source.url).host;
}

/** A Markdown table, one model a row. */
export function toTable(catalog) {
  const rows = catalog.models.map((model) => [
    `\`${model.id}\``,
    model.format,
    `${model.input.width}×${model.input.height} ${model.input.type}`,
    `${(model.files.reduce((sum, file) => sum + file.byteLength, 0) / 1e6).toFixed(1)} MB`,
    model.embeddingSize,
    model.classCount || '–',
    `[${model.licence.spdx}](${model.licence.home})`,
    model.sources.map(sourceText).join(', '),
  ]);
  const head = ['Model', 'Format', 'Input', 'Size', 'Embedding', 'Classes', 'Licence', 'Sources'];
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
