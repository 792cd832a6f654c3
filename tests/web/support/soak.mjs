// Chooses the length of the soak tests.

/** True when the soak tests run in full. Otherwise they run in a short form, which `npm test` includes. */
export const fullSoak = process.env.TEACHABLE_SOAK === 'full';
