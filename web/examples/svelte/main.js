import { mount } from 'svelte';
import Teachable from './Teachable.svelte';

mount(Teachable, { target: document.getElementById('app') });
