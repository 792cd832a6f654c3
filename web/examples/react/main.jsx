import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { load } from 'teachable-wasm';

/** Loads a classifier while the component is mounted. */
function useClassifier() {
  const [classifier, setClassifier] = useState(null);
  useEffect(() => {
    const mounted = new AbortController();
    let loaded;
    load({ signal: mounted.signal }).then(
      (each) => {
        loaded = each;
        if (mounted.signal.aborted) each.dispose();
        else setClassifier(each);
      },
      (error) => {
        if (error.code !== 'aborted') throw error;
      },
    );
    return () => {
      mounted.abort();
      loaded?.dispose();
    };
  }, []);
  return classifier;
}

function Teachable() {
  const classifier = useClassifier();
  const [picture, setPicture] = useState(null);
  const [label, setLabel] = useState('cat');
  const [answer, setAnswer] = useState('');

  async function look(file) {
    const { classes, prediction } = await classifier.observe(file);
    const seen = classes.map(({ className, probability }) => `${className} ${Math.round(100 * probability)} %`).join(', ');
    setAnswer(`I see: ${seen}. ${prediction ? `I was taught: ${prediction.label}.` : ''}`);
  }

  async function choose(file) {
    setAnswer('Looking');
    setPicture(file);
    await look(file);
  }

  async function teach() {
    setAnswer('Looking');
    await classifier.addExample(picture, label);
    await look(picture);
  }

  return (
    <>
      <h1>Teachable machine</h1>
      <p>
        <input id="file" type="file" accept="image/*" aria-label="Picture" onChange={({ target }) => choose(target.files[0])} />
      </p>
      <p>
        <input id="label" value={label} aria-label="Class" onChange={({ target }) => setLabel(target.value)} />{' '}
        <button id="teach" onClick={teach}>
          This is one
        </button>
      </p>
      <p>
        <output id="answer">{answer || (classifier ? 'Ready' : 'Loading')}</output>
      </p>
    </>
  );
}

createRoot(document.getElementById('app')).render(
  <StrictMode>
    <Teachable />
  </StrictMode>,
);
