/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls_keys.c -- the keys of the test authority and of whom it vouches for; made by make_keys.py.
 *
 * Everybody can read them here, so they protect nothing; they are fixed so that the same run gives
 * the same octets. PKCS #8 in PEM. */
#include "sim/tls/tls_keys.h"

/* clang-format off */
const char *const tls_keys[TLS_N_KEYS] = {
    /* the test authority */
    [TLS_KEY_CA] =
        "-----BEGIN PRIVATE KEY-----\n"
        "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCkA61eyyd2Zh0k\n"
        "/a3BFEWEo5of4pjVGAc8fMK2Iu6HEFFQlFi1T2d7KVLoQkgvxEQU3k/Uei2ycYNg\n"
        "s1IQN2bZ3ZTIfTlNl+uLegGDI0qTCZjIL79xkfLjwwFFELMHzVOvWE4Ik/5sXVn6\n"
        "ueyTXNrv38rhZv8BRXCLcw1mhsE2AHxd58ltHvI8cjSW5D6rvd8beuP3tHEhX3yw\n"
        "Tnt/xkMPIrifxSecdbUhwxLQlNvTXYNe8jLUqhM2UrzayremyThHT/FLsum7KX0o\n"
        "30SjAhuQ8TIUH2KHMRYeNCC4CWw35e31eLx27bJEARwvmek9/Ydkqc2LmnaPfZL0\n"
        "GsX1zE9jAgMBAAECggEAFVdTJjv58Qp9bVRC2RY5q3YcNlzmNQgQ3PqA3XEzJ0jk\n"
        "w77hwgnIdbqdSpJhUTHRCAQbUBLrwkXJ6fm7SlfjHqMZ2nKM079aS0Y/TyB28iX0\n"
        "BsxLtUvf1moHzsRK/09kvbKYSL51AwWskRbDJTOWW1L705Nyx+gQqlx4mGgdWNjG\n"
        "/yu0ZzZta+gg30ZMsbjLnzL7AlKiTG/YHAQ+72x9ncH2U9DxAxj95h/Y21t/vH4l\n"
        "zfZldUpT6DontHiXZUAA7jmLlyS3Sor8LGLuqoQq9Mwima9Nnqp7O4pSa5ZmS5i4\n"
        "2Lg7Efp1S9fjashj94rlckMOVnK3MlgNYnM35WP8yQKBgQDRnZsl8BoJR/iUy7Zz\n"
        "CkeBbYc2gPGoz6HquYVOF6fLQCMbM8Av2QEffJVLvMrLUU9uhs3xyg+5o3+Tkg9U\n"
        "gECjLKrPP7MXmZ1oLn2C5dYJR9sGO1znaVg8JuQnNcTOhbfrA8TC5gG6IJ9j1pB/\n"
        "RBEOljbT9FCF3iP+2ymr5KA0GQKBgQDITtSspagz3HUJpiDfXloPr7R6Z6gAI+zG\n"
        "q1GP4kotOut/pfNw5SdAdWD2lCGhrCmKkQRYOgbaZ6shhR/XCNTMkzz7etdD2yQK\n"
        "EceZjtsAeCfyTYMsazEhO/ALlXyQERqmZIOiFHxf8Kvoc1cstNXpbHZKC7yhF3E2\n"
        "enXbcOVu2wKBgHO9DB9kdVvOi2jNGk5mzJigO1pS1BwbmRGbogk+cn19SmUIrAM/\n"
        "VKloBp8s/ORKXwtuD2SD5y7fId//c8t6jTYLwbxxNZfAT/NoSBDwir/RFxRXzrJP\n"
        "rlJ4Pt2PiL1ng+eVyxy6FxYIUTm1DU/X63scYeWiLpvbzhA4PsgUkohxAoGBALLC\n"
        "n0wAfs7hpNVanCWbt3YeUUuX7DdL2Egoph5pTdd1qKt/d3U+HDyLRGBqLGVzFpOh\n"
        "/aWbC3ioYfIFMzgdmoODtz2bEDdvf4c4/M+OzOVrVgMIp9LhSrQlIIHGA6cyjH0I\n"
        "YO0pqSGZ0GEfZiHwtKKfeCV2uf1txUxgF4QiCa9XAoGBAK4vWgVMqIQwh/BT05Dj\n"
        "yXRGMkWGxrmV8x4gqj/2iWdQYS/tKkz3PdLOmPPxBlswUn9wFzGrV7E90J61lRB/\n"
        "ACTTdZfVdCLgw7S5NtPCV/Jr5bOE9s/A6rZgTaeIUtjFEgigukBet3ydN3SjIBhF\n"
        "/zM4QxS2pr5NIlheJ5Un/qHp\n"
        "-----END PRIVATE KEY-----\n",
    /* servers and clients with RSA */
    [TLS_KEY_RSA] =
        "-----BEGIN PRIVATE KEY-----\n"
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC9ouIpqcSmvuK6\n"
        "DEDSNjm3S47JopMWLUS5GSCYRQ6H8fV54zX6sDAK3MvyYoDWcAXHrCgDnNLXXBts\n"
        "hLtu+lNQm1MGHuSIqFbvDKwrp8uSeGlBH5cqd0WdeXRPkKStocK/na/rgVosJ0sB\n"
        "8hbb2in1pGvWvcM5X3x1Laqp1rpJ9T2Y1gkON/K6SG+hdo5A3TgRBGkubXX6nMH9\n"
        "1kcelj1oCP4RgjVZ9R7RQ5QvqXuRmi5Oo3DvkotHjUF6tOa4gZi2p8nM87q91U+e\n"
        "lKQwH6mZBRcvZyUUzB1ehQP8D+/hLC0jL7cq5l2PBJZ+NkKPxowCqeKVGR+qY++l\n"
        "a2QRvD1lAgMBAAECggEAFAHz76ZgP6GDJVL2odcjxsF7iq2S7DORfR/4Dui2TESM\n"
        "fDQrNUxSfUrnX6bh5f4CthrlS+BHZH5szEnCxsY1dRs2Kr6mqP5t0aHaJm75LPZ0\n"
        "UHEnT00vNJqkWWKu5TzcYcAe1++ZVnA82zMyEzcU1zxmPk1eJBb9eBV93JZxqCy/\n"
        "YPeCu/eBDFUuNriG4CCFMPeRG8ZID+PbNOrMFO4t+Fm6rJyU8KzptKH593r1n0nL\n"
        "j2T68SKKWJEpMeBCIbSnQihd35xbI90Lg+MHz/3U49gRW1ZKUtu4zx6JEHVQKWaS\n"
        "f9AeLmfJukjhT5SpJfs56XMH0GsO4TJVfLPR8XvkzwKBgQD41nQc5bwuuQE5JZKy\n"
        "HsxoIdn/O7iv26c2KKjOllbOfUfpmjjYOs6/bk2LVkD9vNmknGbHnK46Ci+qrrad\n"
        "FFT0oN+nHni3Xjti7US8W1NkXcoQ/etuIwj9m/tsg/HluMHK+aDdhCKK7BmuNiad\n"
        "2hLxiWHNPM9KZLWqsIuh3OQPwwKBgQDDGDUZEZNUpNcVwjnhei+RLfw5XEO/LDK5\n"
        "ZhHLsomh4QJ2eTPLqi3bFLRxiQOZKfJSYDpj+WgHmH/AjuM0X1+3ZmCr91Docvnu\n"
        "b21Gxw6MEdI4qPi8zqAE+qvLc11FiS/MF1tGxxsxlLJQK9mizDwwBjbW0Fehw0tH\n"
        "o7A3ATiTtwKBgH9pp5ioVXwDBMpTH9MOjBGBy9KxrLZ3HR5RIWZuelJOucS2UAb/\n"
        "zZ8dhp0i9DI4QaTU5Jeu9VMIpjGaNi0mHP4JZZt3sc4KdRQJc5mSlZedonqi2arS\n"
        "S6c3+DwvL2w19xzMRv9Fyj4h+GBIn+tRn0OH2ckyKt3nxVF6BnVB2pDrAoGBAJB4\n"
        "VaGpvTNaGhh3ysro416b8gI8C8L+pNVb+2OfY4InkN5QpIV2ER0B+Rl2P97lDBfq\n"
        "QHMWFu5BBKGAbkmzMrsqKf5OV3C668+gXgiikWgyLj1dC00tqZvmUN+JH5HFpEp7\n"
        "JVGFUeLmXSE3R6Phn9RkVam/gJU+fHmhgnVJBy+DAoGAOlPA/TgYVylBawzbweVa\n"
        "ezisvimWPbi7Rxp7M9xG9oBefYVBXH4903cJjhKm/U9426YFuhWTtFQeRmMozS+U\n"
        "7iusaAQ4wOOPQ3kZTlnvq/k9nojIXVu12Wwq2U1bWBFkOjToueBv+5QW5LQlf6Mi\n"
        "SMtk7U+33ayC/mtJIcrc/fg=\n"
        "-----END PRIVATE KEY-----\n",
    /* … with ECDSA on P-256 */
    [TLS_KEY_P256] =
        "-----BEGIN PRIVATE KEY-----\n"
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdnZHYvAIIYbtLFad\n"
        "Gv95T83qjep/9j075ZyVl8Fu9D6hRANCAAQNHuga/LxAu5HCpyKK2cIXF55Haz3o\n"
        "FjBi8vo70zIOtJt3ILR+aHCL4jL00OdD4bXihjPDRDerOcH7WsElbRcx\n"
        "-----END PRIVATE KEY-----\n",
    /* … with Ed25519 */
    [TLS_KEY_ED25519] =
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VwBCIEIPk+a61SS8NilfkV/WLmzFp486l+oLzpga2+Me4n9Xr+\n"
        "-----END PRIVATE KEY-----\n",
    /* a key that is too short today */
    [TLS_KEY_RSA1024] =
        "-----BEGIN PRIVATE KEY-----\n"
        "MIICeAIBADANBgkqhkiG9w0BAQEFAASCAmIwggJeAgEAAoGBAOVBpSWM2ELWlRGW\n"
        "UigyWpdcxLkacoso8u4KD+SiGumDZviMh1t9/YNl2AXy4Di9J6GkuIEP5pVqkWho\n"
        "A22sqnAmVClzZnUWl+u0AQH5D+tNBjZJZSGSMK5Y/LUW0MvYEklUVZ5Nl41KIYI1\n"
        "IYgILCK9eiRFmoTitRFGfJxpySwDAgMBAAECgYEAhMc5Y/8n/cYUPkRmvvsy9rl3\n"
        "ApIrxydnU7CmNdAhcB930vppJvdYjfK9Y+ygKpx7SKaDadSQwvce0m5zleDMMOFr\n"
        "/YKoL0Wjnla6LAbRK0w9K6s0s9eVAKnRNm+7y0UPGqUDgTJDxxjYBA2CMeCWr6RY\n"
        "xeep0pgCN29mxW3HTGkCQQD6WGx26sV8He+ANDArNSBv3PoAL8aYRQDQZaLrq6ad\n"
        "+bDIUK15JJM9gXinh7f77MUQ1RrhHFWg7LfV/1OmTuCfAkEA6m9HPKN+CGDh48su\n"
        "qzoqTxeiDrs4KMu20mjC/tpC8a9Ug7/jr7t9q5d1g9+mLEDEZ++YW+VCN4FcXMKq\n"
        "cKoGHQJAKQqF/ZjPd2GQ+fuUSgETqEMZ2R37+MqXL5L5+pjRX+SnTq+rQMj2OocX\n"
        "OJ/PUcWnKPNGzNDQWOl12edZ11HnEQJBAMNt+nuxazo+0XBdC82P0n9WmzEen2Va\n"
        "1VA4Jv3fI1loqNKf34W6jbvCqiNCCLvxTgm68U8CIh41R7LIUN9UzX0CQQDC34zK\n"
        "1i3Z0YTzZqw6XtoKQKxFxJ4qwpvn4gxzpG3+9j9xK723vVZwhlzBC5QPJKIvhuP+\n"
        "92QnFxNJrHxNQfq9\n"
        "-----END PRIVATE KEY-----\n",
};
