/**
 * What a person would click on a first start, as machine settings: yes to the scripted demo where no model is found.
 * Trust of the sample folder is given by `--disable-workspace-trust`.
 */
export const CONSENTS = { 'letta.demo.autoStart': true };
