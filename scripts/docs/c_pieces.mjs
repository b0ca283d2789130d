/**
 * A header as a sequence of pieces: comments, preprocessor directives and declarations.
 *
 * @typedef {object} Piece
 * @property {'comment' | 'directive' | 'declaration'} kind
 * @property {string} text
 * @property {number} line        of its first character, from 1
 * @property {number} lastLine
 * @property {boolean} afterBlank an empty line, or the border of a namespace, is between it and the piece before
 */

/**
 * Where the comment, string or character literal that begins at `at` ends; `at` itself when none begins there.
 *
 * @param {string} text
 * @param {number} at
 */
function skipOpaque(text, at) {
  const two = text.slice(at, at + 2);
  const until = (/** @type {string} */ end, /** @type {number} */ from) => {
    const found = text.indexOf(end, from);
    return found < 0 ? text.length : found + end.length;
  };
  if (two === '/*') return until('*/', at + 2);
  if (two === '//') return until('\n', at) - 1;
  const quote = text[at];
  if (quote !== '"' && quote !== "'") return at;
  let end = at + 1;
  while (end < text.length && text[end] !== quote) end += text[end] === '\\' ? 2 : 1;
  return end + 1;
}

/**
 * @param {string} text
 * @param {number} at a `#`
 */
function endOfDirective(text, at) {
  let end = at;
  while (end < text.length && text[end] !== '\n') {
    if (text[end] === '\\') end += 2;
    else end = text.startsWith('/*', end) ? skipOpaque(text, end) : end + 1;
  }
  return end;
}

/**
 * A declaration ends with its semicolon, or, where it is a function with a body, with the body.
 *
 * @param {string} text
 * @param {number} at
 */
function endOfDeclaration(text, at) {
  let depth = 0;
  let head = ''; // what is outside all brackets so far
  for (let end = at; end < text.length; ) {
    const opaque = skipOpaque(text, end);
    if (opaque > end) {
      end = opaque;
      continue;
    }
    const char = /** @type {string} */ (text[end]);
    end += 1;
    if (depth === 0) head += char;
    if ('({['.includes(char)) depth += 1;
    else if (')}]'.includes(char)) depth -= 1;
    if (depth === 0 && char === ';') return end;
    if (depth === 0 && char === '}' && /\(\s*(const|noexcept|\s)*\{$/.test(head)) return end;
  }
  return text.length;
}

/**
 * @param {string} text of a header
 * @returns {Piece[]}
 */
export function piecesOf(text) {
  /** @type {Piece[]} */
  const pieces = [];
  let at = 0;
  let line = 1;
  let afterBlank = true;
  const advance = (/** @type {number} */ end) => {
    const passed = text.slice(at, end);
    line += passed.split('\n').length - 1;
    at = end;
    return passed;
  };
  while (at < text.length) {
    const space = /^\s+/.exec(text.slice(at));
    if (space !== null) {
      if (advance(at + space[0].length).split('\n').length > 2) afterBlank = true;
      continue;
    }
    const border = /^(LITHE_(BEGIN|END)_DECLS\b|namespace\s*[\w:]*\s*\{|extern "C" \{|\})/.exec(text.slice(at));
    if (border !== null) {
      advance(at + border[0].length);
      const named = /^ *\/\/.*/.exec(text.slice(at)); // which namespace ends
      if (named !== null) advance(at + named[0].length);
      afterBlank = true;
      continue;
    }
    const comment = text.startsWith('/*', at) || text.startsWith('//', at);
    const kind = comment ? 'comment' : text[at] === '#' ? 'directive' : 'declaration';
    const begin = line;
    const end = { comment: skipOpaque, directive: endOfDirective, declaration: endOfDeclaration }[kind](text, at);
    pieces.push({ kind, text: advance(end), line: begin, lastLine: line, afterBlank });
    afterBlank = false;
  }
  return pieces;
}

/**
 * Code without its comments; what is left keeps its lines.
 *
 * @param {string} text
 */
export function withoutComments(text) {
  let code = '';
  for (let at = 0; at < text.length; ) {
    const end = Math.max(skipOpaque(text, at), at + 1);
    const part = text.slice(at, end);
    code += /^\/[/*]/.test(part) ? part.replace(/[^\n]/g, ' ') : part;
    at = end;
  }
  return code;
}

/**
 * The text of a comment without what makes it one.
 *
 * @param {string} comment
 */
export function commentText(comment) {
  const inner = comment.startsWith('//') ? comment.slice(2) : comment.slice(2, -2);
  const [first = '', ...rest] = inner.replace(/^\*/, '').split('\n');
  return [first.trim(), ...rest.map((line) => line.replace(/^\s*\* ?/, '').trimEnd())].join('\n').trim();
}
