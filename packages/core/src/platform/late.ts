// Door for modules that reach the platform late: bundlers warn of a module that some import late and others at once.
export * from '#platform';
