throw new Error('a fault of the file');
