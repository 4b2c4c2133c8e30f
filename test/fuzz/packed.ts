// The same twenty stanzas, as xz -9 --check=crc64, bzip2 and lz4 -BD --content-size pack them: Node itself can pack none of these.
export const xz = Buffer.from(
  "/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4AHLACBdACgYSGbb2jCF/hberuXwS0YwiWNKfcsLawXOHXKTdAAAAPz8hLTSWcdnAAE8zAMAAAA/ub2OscRn+wIAAAAABFla",
  "base64",
);
export const bzip2 = Buffer.from(
  "QlpoOTFBWSZTWUo7bSwAAFnbgAAQQAAgEEEAKqmYACAAcFMABNApVTT1MJtBoT4TUmBMEyTgn4T6TYmSbE5J/JoTwmSdk7JyTwnou5IpwoSCUdtpYA==",
  "base64",
);
export const lz4 = Buffer.from(
  "BCJNGGxAzAEAAAAAAAArIwAAAP8IUGFja2FnZTogYQpWZXJzaW9uOiAxCgoXAP+eUDogMQoKAAAAAJ+OIZE=",
  "base64",
);
