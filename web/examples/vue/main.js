import { createApp } from 'vue';
import Teachable from './Teachable.vue';

createApp(Teachable).mount('#app');
