/**
 * The key belongs to an input method (a candidate is being chosen), not to the panel. Some input methods tell it by
 * the otherwise outdated key code 229 only, without `isComposing`.
 */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || Reflect.get(event, 'keyCode') === 229;
}
