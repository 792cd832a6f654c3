'use client';

import { useEffect, useRef, useState } from 'react';
import { load } from 'teachable-wasm';

export function Machine() {
  const classifier = useRef(null);
  const input = useRef(null);
  const picture = useRef(null);
  const [label, setLabel] = useState('cat');
  const [answer, setAnswer] = useState('Loading');

  useEffect(() => {
    // During development, React runs effects twice. The first load is then aborted.
    const leaving = new AbortController();
    load({ signal: leaving.signal }).then(
      (loaded) => {
        classifier.current = loaded;
        setAnswer('Ready');
      },
      (error) => leaving.signal.aborted || setAnswer(error.message),
    );
    return () => {
      leaving.abort();
      classifier.current?.dispose();
    };
  }, []);

  async function look(before) {
    setAnswer('Looking');
    await before();
    const { classes, prediction } = await classifier.current.observe(picture.current);
    const seen = classes.map(({ className, probability }) => `${className} ${Math.round(100 * probability)} %`).join(', ');
    setAnswer(`I see: ${seen}. ${prediction ? `I was taught: ${prediction.label}.` : ''}`);
  }

  function show(file) {
    picture.current.src = URL.createObjectURL(file);
  }

  return (
    <>
      <p>
        <input ref={input} id="file" type="file" accept="image/*" aria-label="Picture" onChange={({ target }) => look(() => show(target.files[0]))} />
      </p>
      <p>
        <img ref={picture} width="320" alt="" />
      </p>
      <p>
        <input id="label" value={label} aria-label="Class" onChange={({ target }) => setLabel(target.value)} />{' '}
        <button id="teach" onClick={() => look(() => classifier.current.addExample(input.current.files[0], label))}>
          This is one
        </button>
      </p>
      <p>
        <output id="answer">{answer}</output>
      </p>
    </>
  );
}
