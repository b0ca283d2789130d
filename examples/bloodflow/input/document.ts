import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { BloodflowError, type BloodflowFault } from '../errors.js';
import { suggestion } from './suggest.js';

/** Plain decimal numbers, also where a YAML 1.1 document would make them strings (`700.0e3`). */
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/;

/** Limits of a number. NaN and infinities are always refused. */
export interface Range {
  readonly above?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly below?: number;
  readonly integer?: boolean;
}

/** A mapping of a YAML document, read key by key; every complaint names the file, the line and the value. */
export class Section {
  readonly #map: YAMLMap;
  readonly #document: SourceDocument;
  /** Where the mapping stands, for people: `solver`, `network[3]`. */
  readonly path: string;

  constructor(document: SourceDocument, map: YAMLMap, path: string, known: readonly string[]) {
    this.#document = document;
    this.#map = map;
    this.path = path;
    for (const pair of map.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
      if (!known.includes(key)) {
        throw this.error('UNKNOWN_KEY', pair.key as Node, `unknown key '${key}' in ${path}.`, suggestion(key, known));
      }
    }
  }

  has(key: string): boolean {
    return this.#map.has(key);
  }

  /** An error at a key of this section (at the section itself without one, or when the key is not there). */
  problem(fault: BloodflowFault, key: string | undefined, text: string, advice: string): BloodflowError {
    const node = key === undefined ? undefined : this.#node(key);
    return this.error(fault, node ?? this.#map, text, advice);
  }

  number(key: string, range: Range): number;
  number(key: string, range: Range, fallback: number): number;
  number(key: string, range: Range, fallback: undefined): number | undefined;
  number(key: string, range: Range, ...fallback: [] | [number | undefined]): number | undefined {
    const node = this.#node(key);
    if (node === undefined) {
      return this.#missing(key, 'a number', fallback);
    }
    const value = asNumber(node);
    if (typeof value !== 'number') {
      throw this.#wrongType(key, node, range.integer ? 'a whole number' : 'a number');
    }
    const complaint = outside(value, range);
    if (complaint !== undefined) {
      throw this.error('VALUE', node, `${this.path}.${key} is ${value}.`, `It must be ${complaint}.`);
    }
    return value;
  }

  string(key: string): string;
  string(key: string, fallback: string | undefined): string | undefined;
  string(key: string, ...fallback: [] | [string | undefined]): string | undefined {
    const node = this.#node(key);
    if (node === undefined) {
      return this.#missing(key, 'a text', fallback);
    }
    if (!isScalar(node) || typeof node.value !== 'string' || node.value.trim() === '') {
      throw this.#wrongType(key, node, 'a text');
    }
    return node.value;
  }

  boolean(key: string, fallback: boolean): boolean {
    const node = this.#node(key);
    if (node === undefined) {
      return fallback;
    }
    if (!isScalar(node) || typeof node.value !== 'boolean') {
      throw this.#wrongType(key, node, 'true or false');
    }
    return node.value;
  }

  /** A list of words out of `known`. */
  words(key: string, known: readonly string[], fallback: readonly string[]): readonly string[] {
    const node = this.#node(key);
    if (node === undefined) {
      return fallback;
    }
    if (!isSeq(node)) {
      throw this.#wrongType(key, node, `a list out of ${known.join(', ')}`);
    }
    return node.items.map((item) => {
      const value = isScalar(item) ? item.value : undefined;
      if (typeof value !== 'string' || !known.includes(value)) {
        throw this.error(
          'VALUE',
          item as Node,
          `${this.path}.${key} contains ${show(item)}.`,
          `Known are: ${known.join(', ')}.`,
        );
      }
      return value;
    });
  }

  /** A nested mapping; without it, `undefined`. */
  section(key: string, known: readonly string[]): Section | undefined {
    const node = this.#node(key);
    if (node === undefined) {
      return undefined;
    }
    if (!isMap(node)) {
      throw this.#wrongType(key, node, 'a mapping of keys to values');
    }
    return new Section(this.#document, node, key, known);
  }

  /** A list of mappings with at least one entry. */
  sections(key: string, known: readonly string[]): Section[] {
    const node = this.#node(key);
    if (node === undefined) {
      return this.#missing(key, 'a list', [])!;
    }
    if (!isSeq(node) || node.items.length === 0) {
      throw this.#wrongType(key, node, 'a list with at least one entry');
    }
    return node.items.map((item, i) => {
      const entry = this.#document.resolve(item as Node);
      if (!isMap(entry)) {
        throw this.error('TYPE', entry, `${key}[${i}] is ${show(entry)}.`, 'It must be a mapping of keys to values.');
      }
      return new Section(this.#document, entry, `${key}[${i}]`, known);
    });
  }

  private error(fault: BloodflowFault, node: Node | undefined, text: string, advice: string): BloodflowError {
    return new BloodflowError(fault, `${this.#document.place(node)}: ${text}`, advice);
  }

  #node(key: string): Node | undefined {
    const node = this.#map.get(key, true) as Node | undefined | null;
    return node === undefined || node === null ? undefined : this.#document.resolve(node);
  }

  #missing<T>(key: string, what: string, fallback: [] | [T]): T {
    if (fallback.length === 1) {
      return fallback[0];
    }
    throw this.error('MISSING_KEY', this.#map, `${this.path} has no '${key}'.`, `Give ${what} for '${key}'.`);
  }

  #wrongType(key: string, node: Node, what: string): BloodflowError {
    return this.error('TYPE', node, `${this.path}.${key} is ${show(node)}.`, `It must be ${what}.`);
  }
}

/** A parsed YAML file that knows where its nodes stand. */
export class SourceDocument {
  readonly file: string;
  readonly root: Section;
  readonly #lines = new LineCounter();
  readonly #document: ReturnType<typeof parseDocument>;

  /** @throws BloodflowError ERR_BLOODFLOW_YAML when `text` is not YAML or not a mapping, ERR_BLOODFLOW_UNKNOWN_KEY. */
  constructor(file: string, text: string, known: readonly string[]) {
    this.file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    const [error] = this.#document.errors;
    if (error !== undefined) {
      const { line, col } = this.#lines.linePos(error.pos[0]);
      throw new BloodflowError('YAML', `${file}:${line}:${col}: ${error.message}.`, 'Correct the YAML at that place.');
    }
    const contents = this.#document.contents;
    if (!isMap(contents)) {
      throw new BloodflowError(
        'YAML',
        `${file}: the file is not a mapping of keys to values.`,
        "Start with 'project_name: ...'.",
      );
    }
    this.root = new Section(this, contents, 'the file', known);
  }

  /** `file:line:column` of a node. */
  place(node: Node | undefined): string {
    const offset = node?.range?.[0];
    if (offset === undefined) {
      return this.file;
    }
    const { line, col } = this.#lines.linePos(offset);
    return `${this.file}:${line}:${col}`;
  }

  /** What an alias stands for. */
  resolve(node: Node): Node {
    return isAlias(node) ? ((node.resolve(this.#document) as Node | undefined) ?? node) : node;
  }
}

function asNumber(node: Node): unknown {
  if (!isScalar(node)) {
    return undefined;
  }
  if (typeof node.value === 'string' && node.type === 'PLAIN' && NUMBER.test(node.value)) {
    return Number(node.value);
  }
  return node.value;
}

function outside(value: number, range: Range): string | undefined {
  const { above, atLeast, atMost, below, integer } = range;
  const bad =
    !Number.isFinite(value) ||
    (integer && !Number.isSafeInteger(value)) ||
    (above !== undefined && !(value > above)) ||
    (atLeast !== undefined && !(value >= atLeast)) ||
    (atMost !== undefined && !(value <= atMost)) ||
    (below !== undefined && !(value < below));
  if (!bad) {
    return undefined;
  }
  const limits = [
    above === undefined ? '' : `greater than ${above}`,
    atLeast === undefined ? '' : `at least ${atLeast}`,
    atMost === undefined ? '' : `at most ${atMost}`,
    below === undefined ? '' : `less than ${below}`,
  ].filter((text) => text !== '');
  return [integer ? 'a whole number' : 'a finite number', limits.join(' and ')].filter((text) => text !== '').join(' ');
}

function show(node: unknown): string {
  if (isMap(node)) {
    return 'a mapping';
  }
  if (isSeq(node)) {
    return `a list of ${node.items.length}`;
  }
  if (isScalar(node)) {
    return node.value === null
      ? 'empty'
      : typeof node.value === 'string'
        ? `the text '${node.value}'`
        : String(node.value);
  }
  return String(node);
}
