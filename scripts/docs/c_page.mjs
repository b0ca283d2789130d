/** @typedef {import('./c_header.mjs').Header} Header */

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; display: grid; grid-template-columns: 17rem minmax(0, 60rem); gap: 2rem; }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem; box-sizing: border-box; font-size: 0.85rem; }
nav ul { list-style: none; margin: 0 0 0.5rem; padding-left: 0.75rem; }
main { padding: 1rem 1rem 4rem; }
h2 { margin-top: 3rem; border-bottom: 1px solid #8886; }
article { margin: 1.5rem 0; }
pre { overflow: auto; padding: 0.5rem 0.75rem; border-left: 3px solid #68c; background: #8881; font-size: 0.85rem; }
pre .comment { opacity: 0.7; }
a { color: inherit; text-decoration-color: #68c; }
:target { background: #fd06; }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; } }
`;

/** @param {string} text */
function escapeHtml(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

/** @param {string} header */
const sectionOf = (header) => header.replace(/\W/g, '-');

/**
 * One HTML page: a section for each header, an anchor for each name.
 *
 * @param {readonly Header[]} headers
 * @param {string} title
 * @returns {string}
 */
export function referencePage(headers, title) {
  const namesIn = (/** @type {Header} */ header) => [
    ...new Set(header.groups.flatMap((group) => group.declarations.flatMap(({ names }) => names)).map((n) => n.name)),
  ];
  const known = new Set(headers.flatMap(namesIn));
  /** @type {Set<string>} */
  const anchored = new Set();

  // Names without an underscore (check, Error) are words of English too.
  const link = (/** @type {string} */ text) =>
    escapeHtml(text).replace(/[A-Za-z]\w*_\w*/g, (word) => (known.has(word) ? `<a href="#${word}">${word}</a>` : word));

  const prose = (/** @type {string} */ comment) => {
    const blocks = comment.split(/\n{2,}/).map((block) => {
      if (/^ {2}/.test(block)) return `<pre>${link(block)}</pre>`;
      const words = link(block)
        .replace(/`([^`]+)`/g, '<code>$1</code>')
        .replace(/\b(Callable from|Errors|Fairness|Order|Order of events):/g, '<strong>$1:</strong>');
      return `<p>${words}</p>`;
    });
    return blocks.join('\n');
  };

  // The first mention of a name in its own declaration is its anchor.
  const source = (/** @type {import('./c_header.mjs').Declaration} */ declaration) => {
    const own = new Set(declaration.names.map(({ name }) => name));
    const parts = declaration.source.trim().split(/(\/\*[\s\S]*?\*\/|\/\/.*)/);
    return parts
      .map((part, index) => {
        if (index % 2 === 1) return `<span class="comment">${link(part)}</span>`;
        return escapeHtml(part).replace(/[A-Za-z_]\w*/g, (word) => {
          if (!known.has(word)) return word;
          if (!own.has(word) || anchored.has(word)) return `<a href="#${word}">${word}</a>`;
          anchored.add(word);
          return `<b id="${word}">${word}</b>`;
        });
      })
      .join('');
  };

  const section = (/** @type {Header} */ header) => {
    const entries = header.groups.map((group) => {
      // A macro with one definition for C and one for C++ is shown once.
      const shown = group.declarations.filter(
        ({ names }) => names.length === 0 || names.some((n) => !anchored.has(n.name)),
      );
      const code = shown.length > 0 ? `<pre>${shown.map(source).join('\n')}</pre>` : '';
      return `<article>\n${code}${prose(group.comment)}\n</article>`;
    });
    const include = `<p><code>#include "${escapeHtml(header.name)}"</code></p>`;
    return `<h2 id="${sectionOf(header.name)}">${escapeHtml(header.name)}</h2>\n${include}\n${entries.join('\n')}`;
  };

  const index = headers.map((header) => {
    const names = namesIn(header).map((name) => `<li><a href="#${name}">${name}</a></li>`);
    return `<a href="#${sectionOf(header.name)}">${escapeHtml(header.name)}</a><ul>${names.join('')}</ul>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<nav>${index.join('\n')}</nav>
<main>
<h1>${escapeHtml(title)}</h1>
${headers.map(section).join('\n')}
</main>
</body>
</html>
`;
}
