// Reads FlatBuffers, such as .tflite files, without a schema compiler.

/** A minimal reader of FlatBuffers: finds tables, fields and vectors by their offsets. */
export class Flatbuffer {
  constructor(bytes) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  follow(at) {
    return at + this.view.getUint32(at, true);
  }

  /** Returns the offset of field number `id` of a table, or 0 when the table does not have it. */
  field(table, id) {
    const vtable = table - this.view.getInt32(table, true);
    const inside = 4 + 2 * id < this.view.getUint16(vtable, true);
    const offset = inside ? this.view.getUint16(vtable + 4 + 2 * id, true) : 0;
    return offset && table + offset;
  }

  /** Returns the offsets of the elements of a vector field. */
  elements(table, id, size = 4) {
    const at = this.field(table, id);
    if (!at) return [];
    const vector = this.follow(at);
    return Array.from({ length: this.view.getUint32(vector, true) }, (_, i) => vector + 4 + size * i);
  }

  tables(table, id) {
    return this.elements(table, id).map((at) => this.follow(at));
  }

  number(table, id) {
    const at = this.field(table, id);
    return at ? this.view.getInt32(at, true) : 0;
  }
}
