import { CnnzooError, isMap } from '../../util/index.js';

/** A name in a pickle that stands for a Python class or function; here it is only a name. */
export class Global {
  constructor(readonly name: string) {}
}

/**
 * Stands for an object that is not made here, of a class that the pickle names or of Python's own: nothing was called to
 * make it. What is appended to it or set in it is read over.
 */
export class Inert {
  /** The state that the pickle gives it: of most objects a dict of its attributes. */
  state: Value;

  /** @param name of its class, or of the function that would have made it. */
  constructor(readonly name: string) {}
}

/** A value of a pickle: a number, string, list or tuple (array), dict (Map), `Global`, `Inert`, or the handlers' own. */
export type Value = unknown;

/** Resolves the references of a pickle to classes and storages outside it. */
export interface PickleHandlers {
  /** Called with every name of a class or function. */
  names(name: string): void;
  /** The value of a call, or of a new object of a class. */
  call(name: string, args: readonly Value[]): Value;
  /** Gives an object its state; false for what can have none. */
  build(target: Value, state: Value): boolean;
  /** The value behind a persistent id. */
  persistent(id: Value): Value;
}

/** Names of Python 2, which protocol 2 keeps to. */
const MODULES: Readonly<Record<string, string>> = { __builtin__: 'builtins', copy_reg: 'copyreg' };

const clipped = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);

/**
 * A value in a message. Only what is flat is spelled out, and shortened: a few bytes of a hostile pickle can make tuples
 * of tuples that no memory holds as text.
 */
export function describe(value: Value): string {
  if (typeof value === 'string') return clipped(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Global) return `the class ${clipped(value.name)}`;
  if (value instanceof Inert) return `an object of ${clipped(value.name)}`;
  if (Array.isArray(value)) return 'a list';
  return isMap(value) ? 'a dict' : 'an object';
}

/** Value on the stack that stands for a MARK. */
const MARK = Symbol('mark');

/** Integers of Python have any size; none of a checkpoint is longer than these bytes. */
const MAX_LONG = 2 ** 10;

/**
 * Reads one pickle of protocols 2 to 5, as `torch.save` writes them, from `bytes` at `start`. It builds numbers,
 * strings, lists (arrays), tuples (arrays) and dicts (Maps, so that no key reaches a prototype), and what `handlers`
 * make of the names that they know. Nothing that a pickle names is called.
 */
export function readPickle(
  bytes: Uint8Array,
  handlers: PickleHandlers,
  name: string,
  start = 0,
): { value: Value; end: number } {
  return new Machine(bytes, handlers, name, start).run();
}

/** The bytes end inside the pickle: a caller that has more of the file may try again with them. */
export class PickleEnds extends CnnzooError {}

class Machine {
  private readonly view: DataView;
  private readonly stack: Value[] = [];
  private readonly memo = new Map<number, Value>();
  private readonly utf8 = new TextDecoder('utf-8', { fatal: true });
  private readonly latin1 = new TextDecoder('latin1');
  private at: number;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly handlers: PickleHandlers,
    private readonly name: string,
    start: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
  }

  run(): { value: Value; end: number } {
    for (;;) {
      const opcode = this.bytes[this.take(1)]!;
      if (opcode === 0x2e) return { value: this.pop(), end: this.at };
      this.step(opcode);
    }
  }

  private damaged(why: string): CnnzooError {
    return new CnnzooError('FORMAT', `'${this.name}' holds a damaged pickle: ${why} at byte ${this.at}.`);
  }

  /** Moves past `length` bytes and gives where they began. */
  private take(length: number): number {
    const from = this.at;
    if (!(length >= 0 && from + length <= this.bytes.length))
      throw new PickleEnds('FORMAT', `'${this.name}' ends inside its pickle, at byte ${from}. Fetch the file again.`);
    this.at += length;
    return from;
  }

  private push(value: Value): void {
    this.stack.push(value);
  }

  private pop(): Value {
    if (this.stack.length === 0 || this.stack.at(-1) === MARK) throw this.damaged('its stack is empty');
    return this.stack.pop();
  }

  private top(): Value {
    const value = this.pop();
    this.push(value);
    return value;
  }

  private popToMark(): Value[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark === -1) throw this.damaged('there is no mark');
    const items = this.stack.splice(mark);
    items.shift();
    return items;
  }

  private popTuple(length: number): void {
    const items = Array.from({ length }, () => this.pop());
    this.push(items.reverse());
  }

  private text(length: number): string {
    const from = this.take(length);
    try {
      return this.utf8.decode(this.bytes.subarray(from, from + length));
    } catch {
      throw this.damaged('a string is not UTF-8');
    }
  }

  /** Bytes of Python 2's str, and of its names. */
  private bytesText(length: number): string {
    const from = this.take(length);
    return this.latin1.decode(this.bytes.subarray(from, from + length));
  }

  /** Bytes of Python 3, of which no tensor is made. */
  private raw(type: string, length: number): void {
    this.take(length);
    this.push(new Inert(type));
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    const text = this.bytesText((end === -1 ? this.bytes.length + 1 : end) - this.at);
    this.take(1);
    return text;
  }

  /** A little-endian two's complement integer; a bigint only where a number can't hold it. */
  private long(length: number): number | bigint {
    const from = this.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[from + i]!);
    const signed = length > 0 ? BigInt.asIntN(8 * length, value) : 0n;
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }

  private length64(): number {
    const value = this.view.getBigUint64(this.take(8), true);
    return value > BigInt(this.bytes.length) ? this.bytes.length + 1 : Number(value);
  }

  private remember(index: number): void {
    this.memo.set(index, this.top());
  }

  private recall(index: number): void {
    if (!this.memo.has(index)) throw this.damaged(`it recalls ${index}, which it never kept`);
    this.push(this.memo.get(index));
  }

  private global(module: string, attribute: string): void {
    const name = `${Object.hasOwn(MODULES, module) ? MODULES[module] : module}.${attribute}`;
    this.handlers.names(name);
    this.push(new Global(name));
  }

  private setItems(items: readonly Value[]): void {
    const target = this.top();
    if (target instanceof Inert) return;
    if (!isMap(target) || items.length % 2 !== 0) throw this.damaged('items are set on what is no dict');
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  }

  private append(items: readonly Value[]): void {
    const target = this.top();
    if (target instanceof Inert) return;
    if (!Array.isArray(target)) throw this.damaged('items are appended to what is no list');
    for (const item of items) target.push(item);
  }

  private call(callee: Value, args: Value): void {
    if (!(callee instanceof Global || callee instanceof Inert) || !Array.isArray(args))
      throw this.damaged('it calls what is no function');
    this.push(callee instanceof Global ? this.handlers.call(callee.name, args) : new Inert(callee.name));
  }

  private build(): void {
    const state = this.pop();
    const target = this.top();
    if (target instanceof Inert) target.state = state;
    else if (!this.handlers.build(target, state)) throw this.damaged('a state is given to what can have none');
  }

  private step(opcode: number): void {
    const { view } = this;
    switch (opcode) {
      case 0x80: // PROTO
        if (this.bytes[this.take(1)]! > 5) throw this.damaged('its protocol is unknown');
        break;
      case 0x95: // FRAME
        this.take(8);
        break;
      case 0x28: // MARK
        this.push(MARK);
        break;
      case 0x30: // POP
        this.pop();
        break;
      case 0x31: // POP_MARK
        this.popToMark();
        break;
      case 0x4e: // NONE
        this.push(null);
        break;
      case 0x88: // NEWTRUE
        this.push(true);
        break;
      case 0x89: // NEWFALSE
        this.push(false);
        break;
      case 0x4b: // BININT1
        this.push(this.bytes[this.take(1)]!);
        break;
      case 0x4d: // BININT2
        this.push(view.getUint16(this.take(2), true));
        break;
      case 0x4a: // BININT
        this.push(view.getInt32(this.take(4), true));
        break;
      case 0x8a: // LONG1
        this.push(this.long(this.bytes[this.take(1)]!));
        break;
      case 0x8b: {
        // LONG4
        const length = view.getUint32(this.take(4), true);
        if (length > MAX_LONG) throw this.damaged('an integer has thousands of digits');
        this.push(this.long(length));
        break;
      }
      case 0x47: // BINFLOAT
        this.push(view.getFloat64(this.take(8), false));
        break;
      case 0x58: // BINUNICODE
        this.push(this.text(view.getUint32(this.take(4), true)));
        break;
      case 0x8c: // SHORT_BINUNICODE
        this.push(this.text(this.bytes[this.take(1)]!));
        break;
      case 0x8d: // BINUNICODE8
        this.push(this.text(this.length64()));
        break;
      case 0x55: // SHORT_BINSTRING
        this.push(this.bytesText(this.bytes[this.take(1)]!));
        break;
      case 0x54: // BINSTRING
        this.push(this.bytesText(view.getUint32(this.take(4), true)));
        break;
      case 0x43: // SHORT_BINBYTES
        this.raw('bytes', this.bytes[this.take(1)]!);
        break;
      case 0x42: // BINBYTES
        this.raw('bytes', view.getUint32(this.take(4), true));
        break;
      case 0x8e: // BINBYTES8
        this.raw('bytes', this.length64());
        break;
      case 0x96: // BYTEARRAY8
        this.raw('bytearray', this.length64());
        break;
      case 0x8f: // EMPTY_SET
        this.push(new Inert('set'));
        break;
      case 0x91: // FROZENSET
        this.popToMark();
        this.push(new Inert('frozenset'));
        break;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        this.push([]);
        break;
      case 0x7d: // EMPTY_DICT
        this.push(new Map());
        break;
      case 0x6c: // LIST
      case 0x74: // TUPLE
        this.push(this.popToMark());
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.popTuple(opcode - 0x84);
        break;
      case 0x61: // APPEND
        this.append([this.pop()]);
        break;
      case 0x65: // APPENDS
      case 0x90: // ADDITEMS
        this.append(this.popToMark());
        break;
      case 0x73: {
        // SETITEM
        const value = this.pop();
        this.setItems([this.pop(), value]);
        break;
      }
      case 0x75: // SETITEMS
        this.setItems(this.popToMark());
        break;
      case 0x71: // BINPUT
        this.remember(this.bytes[this.take(1)]!);
        break;
      case 0x72: // LONG_BINPUT
        this.remember(view.getUint32(this.take(4), true));
        break;
      case 0x94: // MEMOIZE
        this.remember(this.memo.size);
        break;
      case 0x68: // BINGET
        this.recall(this.bytes[this.take(1)]!);
        break;
      case 0x6a: // LONG_BINGET
        this.recall(view.getUint32(this.take(4), true));
        break;
      case 0x63: // GLOBAL
        this.global(this.line(), this.line());
        break;
      case 0x93: {
        // STACK_GLOBAL
        const attribute = this.pop();
        const module = this.pop();
        if (typeof module !== 'string' || typeof attribute !== 'string') throw this.damaged('a name is no string');
        this.global(module, attribute);
        break;
      }
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const args = this.pop();
        this.call(this.pop(), args);
        break;
      }
      case 0x92: {
        // NEWOBJ_EX: the last are arguments by name.
        this.pop();
        const args = this.pop();
        this.call(this.pop(), args);
        break;
      }
      case 0x69: {
        // INST
        this.global(this.line(), this.line());
        const type = this.pop();
        this.call(type, this.popToMark());
        break;
      }
      case 0x6f: {
        // OBJ
        const [type, ...args] = this.popToMark();
        this.call(type, args);
        break;
      }
      case 0x62: // BUILD
        this.build();
        break;
      case 0x51: // BINPERSID
        this.push(this.handlers.persistent(this.pop()));
        break;
      default:
        throw this.damaged(`there is an unknown opcode 0x${opcode.toString(16).padStart(2, '0')}`);
    }
  }
}
