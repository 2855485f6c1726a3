# ARN of the key | name of the statement or grant
terraform import rdsauth_kms_key_user.loader 'arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab|RdsAuth28a8aecacc70'
