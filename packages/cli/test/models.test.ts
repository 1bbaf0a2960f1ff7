import { CnnzooError } from '@cnnzoo/core';
import { resnet50 } from '@cnnzoo/resnet';
import { getModel, listModels } from 'cnnzoo';
import { describe, expect, it } from 'vitest';
import * as families from '../src/models/families.js';

describe('listModels', () => {
  it('holds every model of every family, once, small to large', () => {
    expect(listModels()).toEqual(Object.values(families).flatMap((models) => Object.keys(models)));
    expect(listModels('resnet1*')).toEqual(['resnet18', 'resnet101', 'resnet152', 'resnet110']);
  });

  it('takes * for any characters and ? for one', () => {
    expect(listModels('resnet?8')).toEqual(['resnet18']);
    expect(listModels('resnet1??')).toEqual(['resnet101', 'resnet152', 'resnet110']);
    expect(listModels('*_2')).toEqual(['wide_resnet50_2', 'wide_resnet101_2']);
    expect(listModels('RESNET50')).toEqual(['resnet50']);
  });

  it('takes everything else for itself', () => {
    expect(listModels('resnet')).toEqual([]);
    expect(listModels('resnet.*')).toEqual([]);
    expect(listModels('resnet[15]*')).toEqual([]);
    expect(listModels('')).toEqual([]);
  });
});

describe('getModel', () => {
  it('gives the very model', () => {
    expect(getModel('resnet50')).toBe(resnet50);
    for (const name of listModels()) expect(getModel(name).name).toBe(name);
  });

  it('names the nearest where there is none', () => {
    const fault = (name: string): CnnzooError => {
      try {
        getModel(name);
      } catch (error) {
        if (error instanceof CnnzooError) return error;
      }
      throw new Error('expected a CnnzooError');
    };
    expect(fault('ResNet-50').message).toContain("'resnet50'");
    expect(fault('lenet').message).toMatch(/no model 'lenet'. Nearest: 'lenet5'/);
    expect(fault('toString').code).toBe('INPUT');
  });
});
