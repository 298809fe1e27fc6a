"""What a plain client does with an export feed: every page, every record a row. Prints how many, and the seconds it took."""

import csv
import sys
import time

import requests

server, tenant, app_key, client_id, client_secret, target = sys.argv[1:]
asked = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
session = requests.Session()

start = time.perf_counter()
token = session.post(f"{server}/connect/token", data=asked)
token.raise_for_status()
session.headers.update({"Authorization": f"Bearer {token.json()['access_token']}", "ST-App-Key": app_key})
rows, position = 0, {}
with open(target, "w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file)
    while True:
        answer = session.get(f"{server}/crm/v2/tenant/{tenant}/export/customers", params=position)
        answer.raise_for_status()
        page = answer.json()
        for customer in page["data"]:
            writer.writerow([customer["id"], customer["modifiedOn"]])
            rows += 1
        if not page["hasMore"]:
            break
        position = {"from": page["continueFrom"]}
print(rows, time.perf_counter() - start)
