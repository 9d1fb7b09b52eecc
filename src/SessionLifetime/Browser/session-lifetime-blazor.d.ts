/** Starts Blazor Server with the session of this tab. Call it instead of `Blazor.start()`, with the same options. */
export function startBlazor(options?: object): Promise<void>;
