/**
 * The symbol under which every ring has its anatomy (`ring/model`).
 *
 * @internal
 */

/** Shared between copies of the library. */
export const anatomy: unique symbol = /*#__PURE__*/ Symbol.for('fp-ring/anatomy')
