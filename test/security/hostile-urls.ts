/** Spellings of URLs that mean a machine which nobody outside may reach. */

/** Hosts that are an address of this machine, of a private network or of a cloud's metadata. */
const ADDRESSES = [
  ...["127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0x7f.0x0.0x0.0x1"],
  ...["0177.0.0.1", "017700000001", "0177.1", "127.0.0.1.", "127.000.000.001", "127.255.255.254"],
  ...["１２７.０.０.１", "①②⑦.⓪.⓪.①", "127。0。0。1", "127%2E0%2E0%2E1", "%31%32%37.0.0.1"],
  ...["0", "0.0.0.0", "00.0", "0x0", "0.0.0.0.", "0.1.2.3"],
  ...["[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::ffff:127.0.0.1]"],
  ...["[::ffff:7f00:1]", "[::FFFF:127.0.0.1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]"],
  ...["[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]"],
  ...["[2002:7f00:1::]", "[2002:7f00:0001::1]", "[2001:0:7f00:1::]", "[2001::1]", "[100::1]"],
  ...["[fc00::1]", "[fd00::1]", "[fd00:ec2::254]", "[fe80::1]", "[fec0::1]", "[ff02::1]"],
  ...["[ff05::1:3]", "[5f00::1]", "[2001:db8::1]", "[3fff::1]", "[fe80::a9fe:a9fe]"],
  ...["10.0.0.1", "10.255.255.255", "167772161", "0xa000001", "012.0.0.1", "10.1"],
  ...["172.16.0.1", "172.31.255.254", "0xac100001", "192.168.0.1", "192.168.1", "3232235521"],
  ...["0xc0a80001", "0300.0250.0.1", "100.64.0.1", "100.100.100.200", "100.127.255.255"],
  ...["169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518"],
  ...["169.254.169.254.", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]"],
  ...["[2002:a9fe:a9fe::1]", "169.254.170.2", "168.63.129.16", "192.0.0.192", "192.0.0.1"],
  ...["192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1"],
  ...["224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255", "4294967295", "0xffffffff"],
];

/** Forms in which the host of a URL is easily read wrong; `HOST` is a private address. */
const FORMS = [
  ...["https://HOST/", "HTTPS://HOST/hook", "https:HOST", "https:/HOST", "https:///HOST/"],
  ...["https://HOST:443/", "https://HOST:8443/", "https://HOST?https://example.com/"],
  ...["https://HOST#@example.com/", "https://HOST/..;/", "https://example.com@HOST/"],
  ...["https://a:b@HOST/", "https://example.com%40HOST/", "https://HOST/@example.com"],
  ...["https://@HOST/", "https://:@HOST/", "https://example.com:443@HOST:443/"],
  ...["https:\\\\HOST\\", "https://HOST\\@example.com/", "https://example.com\\@HOST/"],
  ...[
    " https://HOST/",
    "https://HOST/ ",
    "https://HO\tST/",
    "https://HOST\n/",
    "\u0000https://HOST",
  ],
  ...["https://HOST%00.example.com/", "https://HOST%0d%0a/", "https://HOST /"],
  ...["http://HOST/", "http://HOST:443/", "ftp://HOST/", "file:///etc/passwd", "file://HOST/x"],
  ...["gopher://HOST:6379/_x", "data:text/plain,x", "javascript:1", "ws://HOST/", "wss://HOST/"],
  ...["blob:https://HOST/x", "about:blank", "jar:https://HOST!/", "unix:/var/run/docker.sock"],
  ...["//HOST/", "HOST", "", ":", "https://", "https://:443/", "https://HOST:22/"],
  ...["https://HOST:6379/", "https://HOST:0/", "https://HOST:65536/", "https://HOST:-1/"],
];

/** Names that lead to this machine, by whatever the look-up says. */
export const HOSTILE_NAMES = [
  ...[
    "localhost",
    "localhost.",
    "LOCALHOST",
    "ｌｏｃａｌｈｏｓｔ",
    "foo.localhost",
    "ip6-localhost",
  ],
  ...["127.0.0.1.nip.example", "metadata.example", "metadata", "printer.local", "db.internal"],
];

/** All of them: every address as it is, and every form around some addresses. */
export function hostileUrls(): string[] {
  const around = ["127.0.0.1", "169.254.169.254", "[::1]"];
  return [
    ...ADDRESSES.map((host) => `https://${host}/`),
    ...FORMS.flatMap((form) => around.map((host) => form.replaceAll("HOST", host))),
  ];
}
