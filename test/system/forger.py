# Answers echo requests on lo in a namespace whose kernel does not: by what is none to 127.0.0.2, by an answer to
# 127.0.0.3, and by an error that quotes no more than 8 bytes to 127.0.0.4. Prints "ready", and ends with its stdin.
import socket
import struct
import sys
import threading


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def icmp(kind, code, rest):
    return struct.pack("!BBH", kind, code, checksum(struct.pack("!BBH", kind, code, 0) + rest)) + rest


def send(source, body):
    sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sender.bind((source, 0))
    sender.sendto(body, ("127.0.0.1", 0))
    sender.close()


def inverted(data):
    return bytes(byte ^ 0xFF for byte in data)


def serve(requests):
    while True:
        packet = requests.recv(2048)
        body = packet[20:]
        if body[0] != 8 or packet[16:19] != bytes([127, 0, 0]):
            continue
        target = socket.inet_ntoa(packet[16:20])
        ident, sequence, token = body[4:6], body[6:8], body[8:]
        if target == "127.0.0.2":
            send(target, icmp(0, 0, ident + sequence + inverted(token)))
            send(target, icmp(0, 0, ident + inverted(sequence) + token))
            send(target, icmp(0, 0, inverted(ident) + sequence + token))
            send(target, icmp(0, 0, ident + sequence + token + token))
            send(target, icmp(0, 0, ident + sequence + token[:8]))
            send(target, icmp(0, 0, ident + sequence))
            send(target, icmp(0, 1, ident + sequence + token))
            send("127.0.0.9", icmp(0, 0, ident + sequence + token))
            send(target, icmp(3, 1, bytes(4) + packet[:24] + ident + sequence + inverted(token)))
            send(target, icmp(3, 1, bytes(4) + packet[:24] + inverted(ident) + sequence + token))
        elif target == "127.0.0.3":
            send(target, icmp(0, 0, body[4:]))
        elif target == "127.0.0.4":
            send("127.0.0.9", icmp(3, 1, bytes(4) + packet[:28]))


listening = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
threading.Thread(target=serve, args=(listening,), daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
