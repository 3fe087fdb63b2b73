/**
 * Does nothing.
 *
 * @internal
 */
export const ignore = (): void => undefined
