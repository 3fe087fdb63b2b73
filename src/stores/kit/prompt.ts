/**
 * Stores whose operations settle in the tick of their call.
 *
 * @internal
 */
const prompt = /*#__PURE__*/ new WeakSet<object>()

/** Whether every operation settles in the tick of its call: it needs no deadline. */
export const isPrompt = (store: object): boolean => prompt.has(store)

/** Marks a store as one of them. */
export const markPrompt = (store: object): void => void prompt.add(store)
